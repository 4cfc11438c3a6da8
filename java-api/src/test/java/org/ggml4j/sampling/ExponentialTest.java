package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ExponentialTest {
  private final Exponential exponential = new Exponential();

  @Test
  void isExactEnough() {
    assertThat(Exponential.exp(0)).isEqualTo(1);
    for (float x = -86; x <= 0; x += 0.0007f) {
      double expected = StrictMath.exp(x);
      double error = Math.abs(Exponential.exp(x) - expected) / expected;
      assertThat(error).isLessThan(2.5e-7 - 7e-8 * x);
    }
  }

  @Test
  void fadesToNothing() {
    for (float x : new float[] {-88, -1000, -3.4e38f, Float.NEGATIVE_INFINITY}) {
      assertThat(Exponential.exp(x)).isZero();
    }
  }

  @Test
  void givesTheSameBitsForManyAsForOne() {
    float[] logits = LogitsTest.normal(3 * Exponential.CHUNK, 4, 20);
    logits[Exponential.CHUNK + 7] = Float.NEGATIVE_INFINITY;
    float max = 70;
    exponential.begin(logits, max);
    for (int count : new int[] {Exponential.CHUNK, 700, 1}) {
      float[] powers = exponential.powers(Exponential.CHUNK, count);
      for (int i = 0; i < Exponential.CHUNK; i++) {
        float expected = i < count ? Exponential.exp(logits[Exponential.CHUNK + i] - max) : 0f;
        assertThat(powers[i]).isEqualTo(expected);
      }
    }
  }

  @Test
  void sumsLaneByLane() {
    float[] logits = LogitsTest.normal(Exponential.CHUNK, 5, 2);
    double[] lanes = new double[Exponential.LANES];
    exponential.begin(logits, 9);
    exponential.sum(0, Exponential.CHUNK, lanes);
    exponential.sum(0, Exponential.CHUNK, lanes);
    for (int lane = 0; lane < lanes.length; lane++) {
      double sum = 0;
      for (int i = lane; i < logits.length; i += Exponential.LANES) {
        sum += 2.0 * Exponential.exp(logits[i] - 9);
      }
      assertThat(lanes[lane]).isCloseTo(sum, within(1e-6 * sum));
    }
  }

  @Test
  void leavesOutWhatHasALowKey() {
    float[] logits = LogitsTest.normal(Exponential.CHUNK, 6, 2);
    float[] keys = LogitsTest.normal(2 * Exponential.CHUNK, 7, 1e-20);
    Arrays.fill(keys, 100, 200, 3e-20f);
    keys[5] = Float.NEGATIVE_INFINITY;
    float limit = 3e-20f;
    double[] lanes = new double[Exponential.LANES];
    exponential.begin(logits, 9);
    exponential.sumFrom(0, 800, keys, limit, lanes);
    double expected = 0;
    for (int i = 0; i < 800; i++) {
      expected += keys[i] >= limit ? Exponential.exp(logits[i] - 9) : 0;
    }
    assertThat(Arrays.stream(lanes).sum()).isPositive().isCloseTo(expected, within(1e-7));
  }

  @Test
  void addsUpPowersTimesTheirExponents() {
    float[] logits = LogitsTest.normal(Exponential.CHUNK, 8, 3);
    exponential.begin(logits, 12);
    double[] lanes = new double[Exponential.LANES];
    double expected = 0;
    for (int round = 0; round < 2; round++) {
      exponential.sumAndProducts(0, 1000, lanes);
      for (int i = 0; i < 1000; i++) {
        expected += (logits[i] - 12) * StrictMath.exp(logits[i] - 12);
      }
    }
    assertThat(exponential.products()).isCloseTo(expected, within(-1e-6 * expected));
  }
}
