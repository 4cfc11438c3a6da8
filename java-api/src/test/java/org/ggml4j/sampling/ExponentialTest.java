package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExponentialTest {
  private static final double[] NONE = {};
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
        if (i < count) {
          assertThat(powers[i]).isEqualTo(Exponential.exp(logits[Exponential.CHUNK + i] - max));
        }
      }
    }
  }

  @Test
  void sumsLaneByLane() {
    int n = 20 * Exponential.CHUNK + 700; // more than is summed up in floats
    float[] logits = LogitsTest.normal(n, 5, 2);
    double[] lanes = new double[Exponential.LANES];
    exponential.begin(logits, 9, lanes, NONE, NONE);
    for (int from = 0; from < n; from += Exponential.CHUNK) {
      exponential.sum(from, Math.min(Exponential.CHUNK, n - from));
    }
    exponential.finish();
    for (int lane = 0; lane < lanes.length; lane++) {
      double sum = 0;
      for (int i = lane; i < n; i += Exponential.LANES) {
        sum += Exponential.exp(logits[i] - 9);
      }
      assertThat(lanes[lane]).isCloseTo(sum, within(1e-6 * sum));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sumsAndMarksWhatIsWithinARange(boolean withProducts) {
    int n = 2 * Exponential.MARKED_CHUNK;
    float[] logits = LogitsTest.normal(n, 6, 2);
    logits[5] = Float.NEGATIVE_INFINITY;
    double[] lanes = new double[Exponential.LANES];
    double[] innerLanes = new double[Exponential.LANES];
    double[] products = withProducts ? new double[Exponential.LANES] : NONE;
    int[] marks = new int[Exponential.MARKED_CHUNK];
    int center = Exponential.fixed(-9);
    int inner = center - Exponential.fixed(-10);
    int outer = center - Exponential.fixed(-12);
    exponential.begin(logits, 9, lanes, innerLanes, products);
    exponential.range(center, inner, outer, marks);
    exponential.sumAndMark(0, Exponential.MARKED_CHUNK, withProducts);
    exponential.sumAndMark(Exponential.MARKED_CHUNK, Exponential.MARKED_CHUNK, withProducts);
    exponential.finish();
    Indices marked = new Indices();
    marked.addMarked(marks, Exponential.MARKED_CHUNK, 0, 2);
    List<Integer> found = IntStream.range(0, marked.size()).mapToObj(marked::get).toList();
    double sum = 0;
    double innerSum = 0;
    double productSum = 0;
    List<Integer> expected = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int distance = Math.abs(Exponential.fixed(logits[i] - 9) - center);
      double power = Exponential.exp(logits[i] - 9);
      sum += power;
      innerSum += distance < inner ? power : 0;
      productSum += power > 0 ? power * (logits[i] - 9) : 0;
      if (distance >= inner && distance < outer) {
        expected.add(i);
      }
    }
    assertThat(found).hasSizeGreaterThan(100).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(Arrays.stream(lanes).sum()).isCloseTo(sum, within(1e-7 * sum));
    assertThat(Arrays.stream(innerLanes).sum())
        .isPositive()
        .isCloseTo(innerSum, within(1e-7 * sum));
    assertThat(Exponential.unfixed(Arrays.stream(products).sum()))
        .isCloseTo(withProducts ? productSum : 0, within(-1e-6 * productSum));
  }

  @Test
  void addsUpPowersTimesTheirExponents() {
    float[] logits = LogitsTest.normal(Exponential.CHUNK, 8, 3);
    double[] lanes = new double[Exponential.LANES];
    double[] products = new double[Exponential.LANES];
    exponential.begin(logits, 12, lanes, NONE, products);
    double expected = 0;
    for (int round = 0; round < 2; round++) {
      exponential.sumAndProducts(0, 1000);
      for (int i = 0; i < 1000; i++) {
        expected += (logits[i] - 12) * StrictMath.exp(logits[i] - 12);
      }
    }
    exponential.finish();
    assertThat(Exponential.unfixed(Arrays.stream(products).sum()))
        .isCloseTo(expected, within(-1e-6 * expected));
  }
}
