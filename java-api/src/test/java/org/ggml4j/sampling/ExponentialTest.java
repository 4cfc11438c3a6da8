package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
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
  void sumsAndMarksWhatIsWithinARange() {
    float[] logits = LogitsTest.normal(Exponential.CHUNK, 6, 2);
    logits[5] = Float.NEGATIVE_INFINITY;
    int count = 1800;
    double[] lanes = new double[Exponential.LANES];
    double[] innerLanes = new double[Exponential.LANES];
    float[] marks = new float[Exponential.LANES];
    int center = Exponential.fixed(-9);
    int inner = center - Exponential.fixed(-10);
    int outer = center - Exponential.fixed(-12);
    exponential.begin(logits, 9);
    exponential.range(center, inner, outer);
    exponential.sumAndMark(0, count, lanes, innerLanes, marks);
    Indices marked = new Indices();
    marked.addMarked(marks, 0, Exponential.ROWS);
    List<Integer> found = IntStream.range(0, marked.size()).mapToObj(marked::get).toList();
    double sum = 0;
    double innerSum = 0;
    List<Integer> expected = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int distance = Math.abs(Exponential.fixed(logits[i] - 9) - center);
      sum += Exponential.exp(logits[i] - 9);
      innerSum += distance < inner ? Exponential.exp(logits[i] - 9) : 0;
      if (distance >= inner && distance < outer) {
        expected.add(i);
      }
    }
    assertThat(found).hasSizeGreaterThan(100).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(Arrays.stream(lanes).sum()).isCloseTo(sum, within(1e-7 * sum));
    assertThat(Arrays.stream(innerLanes).sum())
        .isPositive()
        .isCloseTo(innerSum, within(1e-7 * sum));
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
