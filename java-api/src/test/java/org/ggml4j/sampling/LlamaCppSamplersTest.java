package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.ggml4j.TokenizerVocab;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.sampling.RecordedCases.Case;
import org.ggml4j.sampling.RecordedCases.History;
import org.ggml4j.sampling.RecordedCases.Step;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The distribution after a chain equals the one after llama.cpp's, to 1e-6. */
class LlamaCppSamplersTest {
  private static final double TOLERANCE = 1e-6;
  private static final Map<String, SamplerVocab> VOCABS = new HashMap<>();

  @TestFactory
  Stream<DynamicTest> distributionsAreLlamaCpps() throws IOException {
    return RecordedCases.read().stream()
        .map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c)));
  }

  /** No sampler without a case, and enough of each. */
  @Test
  void everySamplerWasRecorded() throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    for (Case c : RecordedCases.read()) {
      assertThat(c.steps).as(c.toString()).isNotEmpty();
      for (String spec : c.chain) {
        counts.merge(spec.split(":")[0], c.steps.size(), Integer::sum);
      }
    }
    assertThat(counts.keySet())
        .containsExactly(
            "adaptive_p",
            "dry",
            "greedy",
            "infill",
            "logit_bias",
            "min_p",
            "mirostat",
            "mirostat_v2",
            "penalties",
            "temp",
            "temp_ext",
            "top_k",
            "top_n_sigma",
            "top_p",
            "typ_p",
            "xtc");
    assertThat(counts.values()).allMatch(count -> count >= 6);
  }

  private static void check(Case c) throws IOException {
    List<LogitsProcessor> processors = new ArrayList<>();
    Sampler last = Samplers.greedy();
    for (String spec : c.chain) {
      String[] parts = spec.split(":");
      if (List.of("mirostat", "mirostat_v2", "adaptive_p", "greedy").contains(parts[0])) {
        last = sampler(parts);
      } else {
        processors.add(processor(parts, c));
      }
    }
    History history = new History(c.history);
    Logits logits = new Logits(c.n);
    logits.setHistory(history);
    for (int i = 0; i < c.steps.size(); i++) {
      Step step = c.steps.get(i);
      logits.load(c.logits(i), 0);
      processors.forEach(processor -> processor.process(logits));
      if (last instanceof Mirostat mirostat) {
        mirostat.truncate(logits);
      } else if (last instanceof AdaptiveP adaptive && !c.name.endsWith("off")) {
        adaptive.transform(logits);
      }
      assertDistribution(logits, step, "step " + i);
      if (last instanceof Mirostat mirostat) {
        mirostat.picked(logits, step.accepted());
      } else if (last instanceof AdaptiveP adaptive && !c.name.endsWith("off")) {
        adaptive.picked(logits, step.accepted());
      } else if (step.isPicked() && !(last instanceof AdaptiveP)) {
        assertThat(last.sample(logits)).isEqualTo(step.accepted());
      }
      history.add(step.accepted());
    }
  }

  private static void assertDistribution(Logits logits, Step step, String what) {
    double missing = 1;
    for (int i = 0; i < logits.size(); i++) {
      double expected = step.distribution().getOrDefault(logits.token(i), 0.0);
      double actual = logits.probability(i);
      if (!(Math.abs(actual - expected) <= TOLERANCE)) {
        throw new AssertionError(
            what
                + ": the probability of token "
                + logits.token(i)
                + " is "
                + actual
                + ", llama.cpp's "
                + expected
                + "; "
                + logits.size()
                + " candidates, llama.cpp's "
                + step.distribution());
      }
      missing -= actual;
    }
    assertThat(missing).as(what).isBetween(-1e-6, 1e-6);
  }

  private static float number(String[] spec, int i) {
    String text = spec[i];
    return text.equals("-inf") ? Float.NEGATIVE_INFINITY : Float.parseFloat(text);
  }

  private static LogitsProcessor processor(String[] spec, Case c) throws IOException {
    return switch (spec[0]) {
      case "top_k" -> Samplers.topK((int) number(spec, 1));
      case "top_p" -> Samplers.topP(number(spec, 1), (int) number(spec, 2));
      case "min_p" -> Samplers.minP(number(spec, 1), (int) number(spec, 2));
      case "typ_p" -> Samplers.typicalP(number(spec, 1), (int) number(spec, 2));
      case "temp" -> Samplers.temperature(number(spec, 1));
      case "temp_ext" ->
          Samplers.dynamicTemperature(number(spec, 1), number(spec, 2), number(spec, 3));
      case "top_n_sigma" -> Samplers.topNSigma(number(spec, 1));
      case "xtc" -> Samplers.xtc(number(spec, 1), number(spec, 2), (int) number(spec, 3), 1);
      case "penalties" ->
          Samplers.penalties(
              (int) number(spec, 1), number(spec, 2), number(spec, 3), number(spec, 4));
      case "logit_bias" -> Samplers.logitBias(Map.of((int) number(spec, 1), number(spec, 2)));
      case "infill" -> Samplers.infill(vocab(c.vocab));
      case "dry" ->
          Samplers.dry(
              number(spec, 1),
              number(spec, 2),
              (int) number(spec, 3),
              (int) number(spec, 4),
              SequenceBreakers.of(c.breakers, vocab(c.vocab)));
      default -> throw new IllegalArgumentException(spec[0]);
    };
  }

  private static Sampler sampler(String[] spec) {
    return switch (spec[0]) {
      case "mirostat" -> Samplers.mirostat(number(spec, 1), number(spec, 2), 1);
      case "mirostat_v2" -> Samplers.mirostatV2(number(spec, 1), number(spec, 2), 1);
      case "adaptive_p" -> Samplers.adaptiveP(number(spec, 1), number(spec, 2), 1);
      default -> Samplers.greedy();
    };
  }

  private static synchronized SamplerVocab vocab(String file) throws IOException {
    SamplerVocab known = VOCABS.get(file);
    if (known == null) {
      Path path = Path.of(System.getProperty("ggml4j.models.dir"), file);
      try (GgufFile gguf = GgufFile.open(path)) {
        known = new TokenizerVocab(Tokenizer.of(gguf.metadata()));
      }
      VOCABS.put(file, known);
    }
    return known;
  }
}
