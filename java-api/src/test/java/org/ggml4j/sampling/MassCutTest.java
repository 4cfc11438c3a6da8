package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cuts through vocabularies in which very many tokens are likely, against a full sort. */
class MassCutTest {
  private static final int N = 70_001;

  @ParameterizedTest
  @CsvSource({
    "normal, 0.5",
    "normal, 0.95",
    "normal, 0.9999999",
    "normal, 0.05",
    "narrow, 0.3",
    "narrow, 0.9",
    "equal, 0.5",
    "equal, 0.99",
    "steps, 0.5",
    "steps, 0.9",
    "spike, 0.7",
    "spike, 0.95",
    "banned, 0.6",
    "banned, 0.99",
    "far, 0.8",
    "periodic, 0.6"
  })
  void topPKeepsWhatASortWould(String shape, float p) {
    for (boolean isListed : new boolean[] {false, true}) {
      float[] values = shape(shape, N);
      Logits logits = Logits.of(values);
      if (isListed) {
        logits.keepIf((token, logit) -> true);
      }
      logits.keepMass(p, 1);
      Integer[] order = order(values, Comparator.comparingDouble(t -> -values[t]));
      assertPrefix(logits, values, order, p, false);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "normal, 0.5",
    "normal, 0.9",
    "narrow, 0.3",
    "narrow, 0.9",
    "spike, 0.7",
    "spike, 0.9",
    "far, 0.5",
    "periodic, 0.6"
  })
  void typicalPKeepsWhatASortWould(String shape, float p) {
    float[] values = shape(shape, N);
    Logits logits = Logits.of(values);
    float center =
        (float)
            (logits.state.array().max(new int[0])
                + StrictMath.log(logits.state.array().sum(new int[0]))
                - logits.state.array().entropy(new int[0]));
    Samplers.typicalP(p, 0).process(logits);
    Integer[] order = order(values, Comparator.comparingDouble(t -> Math.abs(values[t] - center)));
    assertPrefix(logits, values, order, p, true);
  }

  /** What is kept is the beginning of the order, has the mass, and would not without its last. */
  private static void assertPrefix(
      Logits logits, float[] values, Integer[] order, float p, boolean byNearness) {
    int kept = logits.size();
    assertThat(kept).isGreaterThan(64);
    boolean[] isKept = new boolean[N];
    for (int i = 0; i < kept; i++) {
      isKept[logits.token(i)] = true;
      assertThat(logits.logit(i)).isEqualTo(values[logits.token(i)]);
    }
    double max = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      max = Math.max(max, value);
    }
    double total = 0;
    double mass = 0;
    for (int i = 0; i < N; i++) {
      double power = StrictMath.exp(values[order[i]] - max);
      total += power;
      mass += i < kept ? power : 0;
    }
    for (int i = 0; i < kept; i++) {
      assertThat(isKept[order[i]]).as("number %s of %s", i, kept).isTrue();
    }
    double last = StrictMath.exp(values[order[kept - 1]] - max);
    assertThat(mass / total).isGreaterThan(Math.min(p, 1 - 2e-7) - 2e-7);
    assertThat((mass - last) / total).isLessThan(p + 2e-7);
    assertThat(byNearness || last > 0).isTrue();
  }

  private static Integer[] order(float[] values, Comparator<Integer> comparator) {
    Integer[] order = IntStream.range(0, values.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, comparator.thenComparing(Comparator.naturalOrder()));
    return order;
  }

  private static float[] shape(String shape, int n) {
    Random random = new Random(17);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      double normal = random.nextGaussian();
      values[i] =
          (float)
              switch (shape) {
                case "narrow" -> 20 + 1e-3 * normal;
                case "equal" -> -3;
                case "steps" -> 0.5 * random.nextInt(5);
                case "spike" -> i == 12_345 ? 12.0 : normal;
                case "banned" -> random.nextInt(10) > 0 ? Double.NEGATIVE_INFINITY : normal;
                case "far" -> random.nextInt(50) > 0 ? -40 + normal : normal; // the rest is nothing
                case "periodic" -> i % 8 == 4 ? 3 + 0.1 * normal : normal; // as the sample steps
                default -> normal;
              };
    }
    return values;
  }
}
