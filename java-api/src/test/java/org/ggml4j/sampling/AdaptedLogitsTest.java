package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adaptive-p over a wide vocabulary: what it sums up without writing, against what it writes. */
class AdaptedLogitsTest {
  private static final int N = 70_001;

  @ParameterizedTest
  @CsvSource({"1, 0.3", "2.5, 0.3", "2.5, 1", "5, 0.05", "0.01, 0.9", "3, 0.002", "8, 0.5"})
  void sumsAreThoseOfTheLogits(float deviation, float target) {
    Logits logits = Logits.of(values(deviation));
    AdaptedLogits adapted = logits.state.work.adapted();
    adapted.begin(logits.state, target);
    assertThat(adapted.isSummedUp()).isTrue();
    double[] lanes = adapted.lanes().clone();
    float[] written = new float[N];
    adapted.write(logits.state.array(), new int[0], written);
    double[] expected = new double[lanes.length];
    for (int i = 0; i < N; i++) {
      expected[i % lanes.length] += StrictMath.exp(written[i] - 5);
    }
    for (int lane = 0; lane < lanes.length; lane++) {
      assertThat(lanes[lane]).isCloseTo(expected[lane], within(1e-6 * expected[lane]));
    }
  }

  @Test
  void pointsFallOnTokensByTheirProbability() {
    Logits logits = Logits.of(values(3));
    AdaptedLogits adapted = logits.state.work.adapted();
    adapted.begin(logits.state, 0.3f);
    int draws = 20_000;
    int[] drawn = new int[N];
    for (int i = 0; i < draws; i++) {
      drawn[adapted.indexAt(logits.state.array(), (i + 0.5) / draws)]++;
    }
    logits.state.adapt();
    for (int token = 0; token < N; token++) {
      double share = logits.probability(token) * draws;
      // A token covers a part of a line with equally spaced points.
      assertThat((double) drawn[token]).isBetween(share - 1.001, share + 1.001);
    }
  }

  @Test
  void stepsAreThoseOfTheWrittenLogits() {
    AdaptiveP sampler = new AdaptiveP(0.2f, 0.9f, 7);
    AdaptiveP writing = new AdaptiveP(0.2f, 0.9f, 7);
    Logits logits = new Logits(N);
    Logits written = new Logits(N);
    for (int step = 0; step < 4; step++) {
      float[] values = values(2 + step);
      logits.load(values, 0);
      written.load(values, 0);
      int token = sampler.sample(logits);
      writing.transform(written);
      writing.picked(written, token);
      assertThat(logits.candidateLogProbability(token))
          .isCloseTo(written.candidateLogProbability(token), within(1e-4));
      for (int i = 0; i < N; i += 101) {
        assertThat(logits.logit(i)).isCloseTo(written.logit(i), within(1e-4f));
      }
      assertThat(logits.size()).isEqualTo(N);
    }
  }

  @Test
  void bannedTokensAreNotPicked() {
    float[] values = values(1);
    Logits logits = new Logits(N);
    AdaptiveP sampler = new AdaptiveP(0.3f, 0.9f, 1);
    for (int step = 0; step < 20; step++) {
      logits.load(values, 0);
      for (int token = 0; token < N; token += 2) {
        logits.ban(token);
      }
      assertThat(sampler.sample(logits) % 2).isEqualTo(1);
      assertThat(logits.get(2)).isEqualTo(Float.NEGATIVE_INFINITY);
    }
  }

  private static float[] values(float deviation) {
    float[] values = LogitsTest.normal(N, 21, deviation);
    for (int i = 0; i < N; i++) {
      values[i] = Math.max(values[i], -30f); // none is nothing beside the highest
    }
    values[17] = 4.6f * deviation;
    values[40_000] = 4.5f * deviation;
    return values;
  }
}
