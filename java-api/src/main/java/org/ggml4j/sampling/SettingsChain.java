package org.ggml4j.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes the samplers that settings ask for, for one text. */
final class SettingsChain {
  private final SamplerSettings settings;
  private final long seed;
  private final SamplerVocab vocab;

  /**
   * @param seed of all random numbers
   */
  SettingsChain(SamplerSettings settings, long seed, SamplerVocab vocab) {
    this.settings = settings;
    this.seed = seed;
    this.vocab = vocab;
  }

  Sampler newSampler() {
    return Samplers.chain(newProcessors(), picking());
  }

  /**
   * What edits the logits before the token is picked: the biases, then the samplers in their order.
   */
  List<LogitsProcessor> newProcessors() {
    List<LogitsProcessor> chain = new ArrayList<>();
    chain.add(Samplers.logitBias(biases()));
    if (settings.mirostat().isOn()) {
      chain.add(Samplers.temperature(settings.temperature().value()));
      return chain;
    }
    int idle = 0; // filters at the end of the chain that keep the best candidate
    for (SamplerType type : settings.order()) {
      LogitsProcessor processor = processor(type);
      if (Samplers.isOff(processor)) {
        continue;
      }
      if (type == SamplerType.TEMPERATURE && keepsBestOnly()) {
        chain.subList(chain.size() - idle, chain.size()).clear();
      }
      chain.add(processor);
      idle = type.keepsBest() ? idle + 1 : 0;
    }
    return chain;
  }

  private boolean keepsBestOnly() {
    return settings.temperature().value() == 0 && settings.temperature().range() == 0;
  }

  private Sampler picking() {
    if (settings.mirostat().isOn()) {
      return settings.mirostat().version() == 1
          ? Samplers.mirostat(settings.mirostat().tau(), settings.mirostat().eta(), seed)
          : Samplers.mirostatV2(settings.mirostat().tau(), settings.mirostat().eta(), seed);
    }
    return settings.order().contains(SamplerType.ADAPTIVE_P)
        ? Samplers.adaptiveP(settings.adaptiveP().target(), settings.adaptiveP().decay(), seed)
        : Samplers.distribution(seed);
  }

  private Map<Integer, Float> biases() {
    Map<Integer, Float> biases = new TreeMap<>(settings.logitBias());
    for (int token : settings.logitBias().keySet()) {
      if (token >= vocab.size()) {
        throw new IllegalArgumentException(
            "logitBias: expected a token, 0 to " + (vocab.size() - 1) + ", found " + token);
      }
    }
    for (int token : vocab.suppressed()) {
      biases.put(token, Float.NEGATIVE_INFINITY);
    }
    if (settings.ignoreEos()) {
      for (int token : vocab.endOfGeneration()) {
        biases.put(token, Float.NEGATIVE_INFINITY);
      }
    }
    return biases;
  }

  private LogitsProcessor processor(SamplerType type) {
    return switch (type) {
      case PENALTIES ->
          Samplers.penalties(
              settings.penalties().lastN(),
              settings.penalties().repeat(),
              settings.penalties().frequency(),
              settings.penalties().presence());
      case DRY ->
          Samplers.dry(
              settings.dry().multiplier(),
              settings.dry().base(),
              settings.dry().allowedLength(),
              settings.dry().lastN(),
              settings.dry().isOn()
                  ? vocab.breakers(settings.dry().sequenceBreakers())
                  : SequenceBreakers.ofTokens(List.of()));
      case TOP_N_SIGMA -> Samplers.topNSigma(settings.topNSigma());
      case TOP_K -> Samplers.topK(settings.topK());
      case TYPICAL_P -> Samplers.typicalP(settings.typicalP(), settings.minKeep());
      case TOP_P -> Samplers.topP(settings.topP(), settings.minKeep());
      case MIN_P -> Samplers.minP(settings.minP(), settings.minKeep());
      case XTC ->
          Samplers.xtc(
              settings.xtc().probability(), settings.xtc().threshold(), settings.minKeep(), seed);
      case TEMPERATURE ->
          Samplers.dynamicTemperature(
              settings.temperature().value(),
              settings.temperature().range(),
              settings.temperature().exponent());
      case INFILL -> Samplers.infill(vocab);
      case ADAPTIVE_P -> Samplers.off(); // it picks the token
    };
  }
}
