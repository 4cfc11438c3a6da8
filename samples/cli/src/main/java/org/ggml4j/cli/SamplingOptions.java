package org.ggml4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ggml4j.GenerationConfig;
import org.ggml4j.sampling.SamplerSettings;
import org.ggml4j.sampling.SamplerSettings.AdaptiveP;
import org.ggml4j.sampling.SamplerSettings.Dry;
import org.ggml4j.sampling.SamplerSettings.Mirostat;
import org.ggml4j.sampling.SamplerSettings.Penalties;
import org.ggml4j.sampling.SamplerSettings.Temperature;
import org.ggml4j.sampling.SamplerSettings.Xtc;
import org.ggml4j.sampling.SamplerType;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** How tokens are picked: all samplers, with llama.cpp's names and defaults. */
final class SamplingOptions {
  private static final Pattern BIAS =
      Pattern.compile("(\\d+)([+-])(inf|[0-9.]+(?:[eE][+-]?\\d+)?)");

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the random numbers. Default: another one each time.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--temp",
      paramLabel = "T",
      description = "Temperature; 0 takes the likeliest token always. Default: 0.8.")
  private float temperature = 0.8f;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Consider the K likeliest tokens; 0: all. Default: 40.")
  private int topK = 40;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Consider the likeliest tokens that make up P; 1: all. Default: 0.95.")
  private float topP = 0.95f;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Consider tokens with P times the likeliest's probability; 0: all. Default: 0.05.")
  private float minP = 0.05f;

  @ArgGroup(
      validate = false,
      order = 100,
      heading = "%nMore samplers, with llama.cpp's names; each is off unless asked for:%n")
  private Others others = new Others();

  /** What most never need. */
  static final class Others {
    @Option(
        names = {"--typical", "--typical-p"},
        paramLabel = "P",
        description = "Locally typical sampling: keep P of the probability; 1: off.")
    private float typicalP = 1;

    @Option(
        names = {"--top-nsigma", "--top-n-sigma"},
        paramLabel = "N",
        description = "Keep logits within N standard deviations of the best; -1: off.")
    private float topNSigma = -1;

    @Option(
        names = "--xtc-probability",
        paramLabel = "P",
        description = "XTC: remove the likeliest tokens with this probability; 0: off.")
    private float xtcProbability;

    @Option(
        names = "--xtc-threshold",
        paramLabel = "P",
        description = "XTC: from which probability on a token is likely. Default: 0.1.")
    private float xtcThreshold = 0.1f;

    @Option(
        names = "--dynatemp-range",
        paramLabel = "R",
        description = "Let the temperature go from T-R to T+R with the entropy; 0: off.")
    private float dynatempRange;

    @Option(
        names = "--dynatemp-exp",
        paramLabel = "E",
        description = "Exponent of the entropy for --dynatemp-range. Default: 1.")
    private float dynatempExponent = 1;

    @Option(
        names = "--repeat-last-n",
        paramLabel = "N",
        description = "Penalize tokens among the last N; 0: none. Default: 64.")
    private int repeatLastN = 64;

    @Option(
        names = "--repeat-penalty",
        paramLabel = "X",
        description = "Divide the logits of such tokens by X; 1: off.")
    private float repeatPenalty = 1;

    @Option(
        names = "--presence-penalty",
        paramLabel = "X",
        description = "Subtract X from their logits, once; 0: off.")
    private float presencePenalty;

    @Option(
        names = "--frequency-penalty",
        paramLabel = "X",
        description = "Subtract X for each time that one appears; 0: off.")
    private float frequencyPenalty;

    @Option(
        names = "--dry-multiplier",
        paramLabel = "X",
        description = "DRY: penalize what would continue a repetition; 0: off.")
    private float dryMultiplier;

    @Option(
        names = "--dry-base",
        paramLabel = "X",
        description = "DRY: the penalty grows by this factor with each token. Default: 1.75.")
    private float dryBase = 1.75f;

    @Option(
        names = "--dry-allowed-length",
        paramLabel = "N",
        description = "DRY: shorter repetitions are free. Default: 2.")
    private int dryAllowedLength = 2;

    @Option(
        names = "--dry-penalty-last-n",
        paramLabel = "N",
        description = "DRY: how many of the last tokens are searched. Default: 64.")
    private int dryLastN = 64;

    @Option(
        names = "--dry-sequence-breaker",
        paramLabel = "TEXT",
        description =
            "DRY: text at which a repetition ends, instead of a new line, ':', '\"' and '*'; may be"
                + " repeated; none: no such text.")
    private List<String> dryBreakers = List.of();

    @Option(
        names = "--mirostat",
        paramLabel = "0|1|2",
        description = "Mirostat 1 or 2 instead of all filters but the temperature; 0: off.")
    private int mirostat;

    @Option(
        names = "--mirostat-lr",
        paramLabel = "X",
        description = "Mirostat: learning rate, eta. Default: 0.1.")
    private float mirostatEta = 0.1f;

    @Option(
        names = "--mirostat-ent",
        paramLabel = "X",
        description = "Mirostat: target entropy in bits, tau. Default: 5.")
    private float mirostatTau = 5;

    @Option(
        names = "--adaptive-target",
        paramLabel = "P",
        description = "Adaptive-p: prefer tokens near this probability; negative: off.")
    private float adaptiveTarget = -1;

    @Option(
        names = "--adaptive-decay",
        paramLabel = "X",
        description = "Adaptive-p: how slowly it adapts, 0 to 0.99. Default: 0.9.")
    private float adaptiveDecay = 0.9f;

    @Option(
        names = {"-l", "--logit-bias"},
        paramLabel = "ID+BIAS|ID-BIAS",
        description = "Add to a token's logit, or subtract; ID-inf bans it. May be repeated.")
    private List<String> logitBias = List.of();

    @Option(names = "--ignore-eos", description = "Ban the tokens that end a text.")
    private boolean ignoreEos;

    @Option(
        names = "--samplers",
        paramLabel = "NAMES",
        description =
            "Which samplers run, in this order, separated by ';'. Default:"
                + " penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature. There are"
                + " also infill and adaptive_p.")
    private Optional<String> samplers = Optional.empty();

    @Option(
        names = {"--sampler-seq", "--sampling-seq"},
        paramLabel = "LETTERS",
        description = "The same with letters. Default: edskypmxt; also i and a.")
    private Optional<String> letters = Optional.empty();
  }

  /**
   * @throws IllegalArgumentException for values that make no sense
   */
  GenerationConfig apply(GenerationConfig config) {
    GenerationConfig changed = config.withSamplers(settings());
    return seed.isPresent() ? changed.withSeed(seed.get()) : changed;
  }

  private SamplerSettings settings() {
    Others o = others;
    return SamplerSettings.defaults()
        .withOrder(order())
        .withTemperature(new Temperature(temperature, o.dynatempRange, o.dynatempExponent))
        .withTopK(topK)
        .withTopP(topP)
        .withMinP(minP)
        .withTypicalP(o.typicalP)
        .withTopNSigma(o.topNSigma)
        .withXtc(new Xtc(o.xtcProbability, o.xtcThreshold))
        .withPenalties(
            new Penalties(o.repeatLastN, o.repeatPenalty, o.frequencyPenalty, o.presencePenalty))
        .withDry(new Dry(o.dryMultiplier, o.dryBase, o.dryAllowedLength, o.dryLastN, dryBreakers()))
        .withMirostat(new Mirostat(o.mirostat, o.mirostatTau, o.mirostatEta))
        .withAdaptiveP(new AdaptiveP(o.adaptiveTarget, o.adaptiveDecay))
        .withLogitBias(logitBias())
        .withIgnoreEos(o.ignoreEos);
  }

  private List<SamplerType> order() {
    if (others.samplers.isPresent()) {
      return SamplerType.parse(others.samplers.get());
    }
    if (others.letters.isPresent()) {
      return SamplerType.parseLetters(others.letters.get());
    }
    List<SamplerType> order = new ArrayList<>(SamplerSettings.defaults().order());
    if (others.adaptiveTarget >= 0) {
      order.add(SamplerType.ADAPTIVE_P); // else the option would do nothing
    }
    return order;
  }

  private List<String> dryBreakers() {
    if (others.dryBreakers.isEmpty()) {
      return SamplerSettings.defaults().dry().sequenceBreakers();
    }
    return others.dryBreakers.stream()
        .filter(text -> !text.equals("none"))
        .map(String::translateEscapes)
        .toList();
  }

  private Map<Integer, Float> logitBias() {
    Map<Integer, Float> biases = new TreeMap<>();
    for (String text : others.logitBias) {
      Matcher parts = BIAS.matcher(text);
      if (!parts.matches()) {
        throw new IllegalArgumentException(
            "--logit-bias: expected a token's id, + or -, and a number, like 15043+1; found "
                + text);
      }
      float size =
          parts.group(3).equals("inf") ? Float.POSITIVE_INFINITY : Float.parseFloat(parts.group(3));
      float bias = parts.group(2).equals("-") ? -size : size;
      biases.merge(Integer.valueOf(parts.group(1)), bias, Float::sum);
    }
    return biases;
  }
}
