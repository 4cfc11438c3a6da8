package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Filters that keep a limit as a number give what those give that write it. */
class LazyMaskTest {
  private static final int N = 40_000;

  static Stream<Arguments> filters() {
    return Stream.of(0.3f, 1f, 4f)
        .flatMap(
            deviation ->
                Stream.of(
                        List.of(Samplers.topP(0.95f)),
                        List.of(Samplers.typicalP(0.8f, 1)),
                        List.of(Samplers.minP(0.05f)),
                        List.of(Samplers.topNSigma(1)),
                        List.of(Samplers.topNSigma(2), Samplers.topP(0.9f)),
                        List.of(Samplers.typicalP(0.9f, 1), Samplers.minP(0.1f)),
                        List.of(Samplers.minP(0.01f), Samplers.temperature(0.7f)),
                        List.of(Samplers.topP(0.9f), Samplers.ban(3, 7), Samplers.topP(0.9f)),
                        List.of(Samplers.topNSigma(2), Samplers.typicalP(0.9f, 1)))
                    .map(chain -> Arguments.of(deviation, chain)));
  }

  @ParameterizedTest
  @MethodSource("filters")
  void aLimitIsAsGoodAsAMask(float deviation, List<LogitsProcessor> chain) {
    float[] values = LogitsTest.normal(N, 11, deviation);
    Logits lazy = Logits.of(values);
    Logits written = Logits.of(values);
    for (LogitsProcessor processor : chain) {
      processor.process(lazy);
      processor.process(written);
      written.state.array().logits(); // writes them
    }
    int last = -1;
    for (int i = 0; i < 300; i++) {
      int token = lazy.tokenAt((i + 0.5) / 300);
      assertThat(written.candidateLogProbability(token))
          .isGreaterThan(-30)
          .isCloseTo(lazy.candidateLogProbability(token), within(1e-6));
      assertThat(written.get(token)).isEqualTo(lazy.get(token));
      last = token;
    }
    assertThat(lazy.topCandidates(20)).hasSameSizeAs(written.topCandidates(20));
    assertThat(lazy.best()).isEqualTo(written.best());
    for (int token = 0; token < N; token++) {
      assertThat(lazy.get(token)).isEqualTo(written.get(token));
    }
    lazy.ban(last);
    written.ban(last);
    lazy.divide(1.5f);
    written.divide(1.5f);
    assertThat(lazy.size()).isEqualTo(written.size());
    for (int i = 0; i < lazy.size(); i++) {
      assertThat(lazy.logit(i)).isEqualTo(written.logit(i));
      assertThat(lazy.token(i)).isEqualTo(written.token(i));
    }
  }

  /** What one view's filter leaves is not in the logits that the model gave. */
  @ParameterizedTest
  @MethodSource("filters")
  void theModelsLogitsStay(float deviation, List<LogitsProcessor> chain) {
    float[] values = LogitsTest.normal(N, 12, deviation);
    Logits logits = Logits.of(values);
    double before = logits.logProbability(5);
    chain.forEach(processor -> processor.process(logits));
    logits.ban(5);
    assertThat(logits.logProbability(5)).isCloseTo(before, within(1e-7));
    assertThat(logits.state.original().logits()).startsWith(values);
    logits.load(values, 0);
    assertThat(logits.get(5)).isEqualTo(values[5]);
    assertThat(logits.size()).isEqualTo(N);
  }

  /** Nothing of a step is left in the next one. */
  @ParameterizedTest
  @MethodSource("filters")
  void theNextStepBeginsAnew(float deviation, List<LogitsProcessor> chain) {
    float[] values = LogitsTest.normal(N, 13, deviation);
    Logits used = Logits.of(LogitsTest.normal(N, 14, deviation));
    chain.forEach(processor -> processor.process(used));
    used.load(values, 0);
    used.divide(2);
    Logits fresh = Logits.of(values);
    fresh.divide(2);
    for (int token = 0; token < N; token++) {
      assertThat(used.get(token)).isEqualTo(fresh.get(token));
    }
    assertThat(used.tokenAt(0.5)).isEqualTo(fresh.tokenAt(0.5));
  }
}
