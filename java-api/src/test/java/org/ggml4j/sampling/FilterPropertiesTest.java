package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;

/** Each filter against a plain sort of everything, on vocabularies of many sizes and shapes. */
class FilterPropertiesTest {

  @Property(tries = 300)
  void topKKeepsTheBestInOrder(
      @ForAll @IntRange(min = 1, max = 20_000) int n,
      @ForAll @IntRange(min = 1, max = 6_000) int k,
      @ForAll Shape shape,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    Logits logits = Logits.of(values);
    logits.keepTop(k);
    assertTokens(logits, Arrays.copyOf(sorted(values), Math.min(k, n)));
    assertThat(logits.isSorted()).isTrue();
  }

  @Property(tries = 200)
  void filtersAfterOtherFiltersSeeOnlyWhatIsLeft(
      @ForAll @IntRange(min = 3, max = 9_000) int n,
      @ForAll @IntRange(min = 1, max = 900) int k,
      @ForAll Shape shape,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    Logits logits = Logits.of(values);
    logits.keepIf((token, logit) -> token % 3 == 1);
    logits.keepTop(k);
    int[] expected = Arrays.stream(sorted(values)).filter(token -> token % 3 == 1).toArray();
    assertTokens(logits, Arrays.copyOf(expected, Math.min(k, expected.length)));
  }

  @Property(tries = 300)
  void topPKeepsTheSmallestPrefixWithTheMass(
      @ForAll @IntRange(min = 1, max = 50_000) int n,
      @ForAll @Scale(5) @FloatRange(min = 0, max = 1, maxIncluded = false) float p,
      @ForAll @IntRange(min = 1, max = 400) int minKeep,
      @ForAll Shape shape,
      @ForAll boolean filterFirst,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    Logits logits = Logits.of(values);
    if (filterFirst) {
      logits.keepIf((token, logit) -> true);
    }
    double[] probabilities = IntStream.range(0, n).mapToDouble(logits::probability).toArray();
    assertThat(Arrays.stream(probabilities).sum()).isCloseTo(1, within(1e-5));
    logits.keepMass(p, minKeep);
    int[] order = sorted(values);
    int kept = logits.size();
    assertBest(logits, Arrays.copyOf(order, kept));
    double mass = 0;
    for (int i = 0; i < kept - 1; i++) {
      mass += probabilities[order[i]];
    }
    double withLast = mass + probabilities[order[kept - 1]];
    assertThat(kept == n || withLast >= p - 1e-6 || withLast > 1 - 1e-7).isTrue();
    assertThat(kept <= minKeep || mass < p + 1e-6).isTrue();
  }

  @Property(tries = 300)
  void minPKeepsExactlyTheLikelyEnough(
      @ForAll @IntRange(min = 1, max = 20_000) int n,
      @ForAll @Scale(5) @FloatRange(min = 0.0001f, max = 1) float p,
      @ForAll @IntRange(min = 1, max = 50) int minKeep,
      @ForAll Shape shape,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    Logits logits = Logits.of(values);
    Samplers.minP(p, minKeep).process(logits);
    int[] order = sorted(values);
    float limit = values[order[0]] - (float) -StrictMath.log(p);
    int[] expected = IntStream.range(0, n).filter(i -> values[i] >= limit).toArray();
    if (expected.length < Math.min(n, minKeep)) {
      expected = Arrays.copyOf(order, Math.min(n, minKeep));
    }
    assertTokens(logits, expected);
    Logits sortedFirst = Logits.of(values);
    sortedFirst.keepTop(n);
    Samplers.minP(p, minKeep).process(sortedFirst);
    assertThat(sortedFirst.size()).isEqualTo(expected.length);
  }

  @Property(tries = 200)
  void alternativesAreTheBestWithProbabilitiesThatFallOff(
      @ForAll @IntRange(min = 1, max = 5_000) int n,
      @ForAll @IntRange(min = 1, max = 20) int count,
      @ForAll Shape shape,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    Logits logits = Logits.of(values);
    int[] order = sorted(values);
    var top = logits.topN(count);
    assertThat(top).hasSize(Math.min(n, count));
    for (int i = 0; i < top.size(); i++) {
      assertThat(top.get(i).token()).isEqualTo(order[i]);
      assertThat(top.get(i).logProbability())
          .isLessThanOrEqualTo(0)
          .isEqualTo(logits.logProbability(order[i]));
    }
    assertThat(logits.topCandidates(count)).isEqualTo(top);
    assertThat(logits.best()).isEqualTo(order[0]);
  }

  private static void assertTokens(Logits logits, int[] expected) {
    int[] tokens = IntStream.range(0, logits.size()).map(logits::token).toArray();
    assertThat(tokens).isEqualTo(expected);
  }

  /** The best ones, sorted if they say so, else in the order of their ids. */
  private static void assertBest(Logits logits, int[] expected) {
    int[] sorted = expected.clone();
    if (!logits.isSorted()) {
      Arrays.sort(sorted);
    }
    assertTokens(logits, sorted);
  }

  /** All tokens, the higher logit first, the lower token first among equals. */
  private static int[] sorted(float[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(
            (a, b) -> values[a] != values[b] ? Float.compare(values[b], values[a]) : a.compareTo(b))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** What a vocabulary's logits may look like. */
  enum Shape {
    NORMAL,
    PEAKED,
    FEW_VALUES,
    RISING,
    FALLING,
    EQUAL,
    SOME_BANNED;

    float[] values(int n, long seed) {
      Random random = new Random(seed);
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        double normal = random.nextGaussian();
        values[i] =
            (float)
                switch (this) {
                  case NORMAL -> 3 * normal;
                  case PEAKED -> random.nextInt(500) == 0 ? 20 + normal : normal;
                  case FEW_VALUES -> random.nextInt(7) - 3;
                  case RISING -> i * 1e-3;
                  case FALLING -> -i * 1e-3;
                  case EQUAL -> i % 2 == 0 ? 0.0 : -0.0;
                  case SOME_BANNED ->
                      i > 0 && random.nextBoolean() ? Double.NEGATIVE_INFINITY : normal;
                };
      }
      return values;
    }
  }
}
