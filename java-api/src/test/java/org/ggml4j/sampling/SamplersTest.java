package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Cases of llama.cpp's tests/test-sampling.cpp, and the edges of each setting. */
class SamplersTest {
  private static final double NONE = 0;

  /** The logits of probabilities 0.1, 0.2, 0.3 and 0.4. */
  private static Logits quarters() {
    return Logits.of(log(0.1), log(0.2), log(0.3), log(0.4));
  }

  private static float log(double probability) {
    return (float) Math.log(probability);
  }

  private static void assertProbabilities(Logits logits, double... byToken) {
    for (int token = 0; token < byToken.length; token++) {
      assertThat(Math.exp(logits.candidateLogProbability(token)))
          .as("token %d", token)
          .isCloseTo(byToken[token], within(1e-5));
    }
  }

  @Test
  void temperatureOneChangesNothingAndZeroLeavesTheBest() {
    Logits logits = quarters();
    Samplers.temperature(1).process(logits);
    assertProbabilities(logits, 0.1, 0.2, 0.3, 0.4);
    Samplers.temperature(0).process(logits);
    assertProbabilities(logits, NONE, NONE, NONE, 1);
  }

  @ParameterizedTest
  @ValueSource(floats = {-1, 0, Float.MIN_VALUE, 1e-30f, 1e-7f})
  void temperaturesNearZeroAreGreedy(float temperature) {
    Logits logits = Logits.of(-300, 7, 8, 7.9999f);
    Samplers.temperature(temperature).process(logits);
    assertProbabilities(logits, NONE, NONE, 1, NONE);
  }

  @Test
  void temperatureTwoTakesTheSquareRootOfProbabilities() {
    Logits logits = quarters();
    Samplers.temperature(2).process(logits);
    double sum = Math.sqrt(0.1) + Math.sqrt(0.2) + Math.sqrt(0.3) + Math.sqrt(0.4);
    assertProbabilities(
        logits,
        Math.sqrt(0.1) / sum,
        Math.sqrt(0.2) / sum,
        Math.sqrt(0.3) / sum,
        Math.sqrt(0.4) / sum);
    assertThat(logits.logProbability(0)).isCloseTo(Math.log(0.1), within(1e-6));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, 0, 0, 1",
    "3, 0, 0.22222, 0.33333, 0.44444",
    "4, 0.1, 0.2, 0.3, 0.4",
    "9, 0.1, 0.2, 0.3, 0.4",
    "0, 0.1, 0.2, 0.3, 0.4",
    "-5, 0.1, 0.2, 0.3, 0.4"
  })
  void topK(int k, double p0, double p1, double p2, double p3) {
    Logits logits = quarters();
    Samplers.topK(k).process(logits);
    assertProbabilities(logits, p0, p1, p2, p3);
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 0, 0, 0, 0, 1",
    "0, 0, 0, 0, 0, 1",
    "0.7, 0, 0, 0, 0.428571, 0.571429",
    "0.8, 0, 0, 0.22222, 0.33333, 0.44444",
    "1, 0, 0.1, 0.2, 0.3, 0.4",
    "7, 1, 0.1, 0.2, 0.3, 0.4",
    "0.1, 2, 0, 0, 0.428571, 0.571429",
    "0.1, 9, 0.1, 0.2, 0.3, 0.4"
  })
  void topP(float p, int minKeep, double p0, double p1, double p2, double p3) {
    Logits logits = quarters();
    Samplers.topP(p, minKeep).process(logits);
    assertProbabilities(logits, p0, p1, p2, p3);
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 1, 0.1, 0.2, 0.3, 0.4",
    "0, 1, 0.1, 0.2, 0.3, 0.4",
    "0.24, 1, 0.1, 0.2, 0.3, 0.4",
    "0.26, 1, 0, 0.222222, 0.333333, 0.444444",
    "0.49, 1, 0, 0.222222, 0.333333, 0.444444",
    "0.51, 1, 0, 0, 0.428571, 0.571429",
    "0.74, 0, 0, 0, 0.428571, 0.571429",
    "0.76, 1, 0, 0, 0, 1",
    "1.00, 1, 0, 0, 0, 1",
    "1.05, 1, 0, 0, 0, 1",
    "1.05, 2, 0, 0, 0.428571, 0.571429",
    "0.76, 3, 0, 0.222222, 0.333333, 0.444444"
  })
  void minP(float p, int minKeep, double p0, double p1, double p2, double p3) {
    for (boolean sortFirst : new boolean[] {false, true}) {
      Logits logits = quarters();
      if (sortFirst) {
        logits.keepTop(4);
      }
      Samplers.minP(p, minKeep).process(logits);
      assertProbabilities(logits, p0, p1, p2, p3);
    }
  }

  /** Tokens 0 to 9999 with probabilities in proportion to their ids, filtered in any order. */
  @ParameterizedTest
  @CsvSource({
    "k, 10000, 1, 1",
    "k, 1, 1, 1",
    "p, 10000, 1, 1",
    "p, 10000, 0, 1",
    "m, 10000, 1, 1",
    "m, 10000, 1, 1e-12",
    "k, 100, 1, 1",
    "p, 10000, 0.0003, 1",
    "p, 10000, 0.8, 1",
    "m, 10000, 1, 0.99988999",
    "m, 10000, 1, 0.1",
    "kp, 100, 0.8, 0.1",
    "km, 100, 0.8, 0.1",
    "pk, 100, 0.8, 0.1",
    "pm, 100, 0.8, 0.1",
    "mk, 100, 0.8, 0.1",
    "mp, 100, 0.8, 0.99988999",
    "mp, 100, 0.8, 0.1",
    "kpm, 100, 0.8, 0.1",
    "kmp, 100, 0.8, 0.1",
    "pkm, 100, 0.8, 0.1",
    "pmk, 100, 0.8, 0.1",
    "mkp, 100, 0.8, 0.1",
    "mpk, 100, 0.8, 0.1"
  })
  void queuesOfFiltersKeepWhatArithmeticSays(String queue, int k, float p, float minP) {
    int n = 10_000;
    Logits logits = new Logits(n);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) Math.log(i);
    }
    logits.load(values, 0);
    int first = 0;
    for (char filter : queue.toCharArray()) {
      switch (filter) {
        case 'k' -> {
          Samplers.topK(k).process(logits);
          first = Math.max(first, n - k);
        }
        case 'p' -> {
          Samplers.topP(p).process(logits);
          first = p >= 1 ? first : firstOfMass(first, n, p);
        }
        default -> {
          Samplers.minP(minP).process(logits);
          // Token 0 has no probability at all.
          int likely = (int) Math.ceil(minP * (n - 1) - 1e-3);
          first = Math.max(Math.max(first, 1), Math.min(likely, n - 1));
        }
      }
      assertThat(logits.size()).as("after %s of %s", filter, queue).isEqualTo(n - first);
      int[] kept = new int[logits.size()];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = logits.token(i);
      }
      assertThat(kept).contains(first, n - 1);
      if (logits.isSorted()) {
        assertThat(kept[0]).isEqualTo(n - 1);
        assertThat(kept[kept.length - 1]).isEqualTo(first);
      }
    }
  }

  private static int firstOfMass(int first, int n, double p) {
    long total = 0;
    for (int i = first; i < n; i++) {
      total += i;
    }
    long sum = 0;
    int at = n;
    do {
      sum += --at;
    } while (sum < p * total && at > first);
    return at;
  }

  @Test
  void greedyTakesTheFirstOfTheBest() {
    assertThat(Samplers.greedy().sample(Logits.of(1, 5, 5, 2))).isEqualTo(1);
    Logits filtered = Logits.of(5, 1, 5, 2);
    filtered.keepIf((token, logit) -> token != 0);
    assertThat(Samplers.greedy().sample(filtered)).isEqualTo(2);
    Logits sorted = Logits.of(5, 1, 5, 2);
    sorted.keepTop(3);
    assertThat(Samplers.greedy().sample(sorted)).isZero();
  }

  @Test
  void chainRunsItsProcessorsInTheirOrder() {
    Sampler chain =
        Samplers.chain(
            List.of(Samplers.topK(2), logits -> logits.ban(3), Samplers.temperature(0.5f)),
            logits -> logits.token(logits.size() - 1));
    assertThat(chain.sample(quarters())).isEqualTo(2);
    Sampler banFirst =
        Samplers.chain(List.of(logits -> logits.ban(3), Samplers.topK(2)), Samplers.greedy());
    assertThat(banFirst.sample(quarters())).isEqualTo(2);
    assertThat(
            Samplers.topK(3).then(Samplers.topK(1)).thenPick(Samplers.greedy()).sample(quarters()))
        .isEqualTo(3);
  }

  @Test
  void resetAndForkReachEveryPartOfAChain() {
    AtomicInteger resets = new AtomicInteger();
    AtomicInteger forks = new AtomicInteger();
    LogitsProcessor processor =
        new LogitsProcessor() {
          @Override
          public void process(Logits logits) {}

          @Override
          public void reset() {
            resets.incrementAndGet();
          }

          @Override
          public LogitsProcessor fork() {
            forks.incrementAndGet();
            return this;
          }
        };
    Sampler chain =
        Samplers.chain(List.of(processor.then(processor), processor), Samplers.distribution(5));
    chain.reset();
    assertThat(resets).hasValue(3);
    assertThat(chain.fork()).isNotSameAs(chain);
    assertThat(forks).hasValue(3);
  }

  @Test
  void settingsThatAreNoNumbersAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Samplers.temperature(Float.NaN));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Samplers.temperature(Float.POSITIVE_INFINITY));
    assertThatIllegalArgumentException().isThrownBy(() -> Samplers.topP(Float.NaN));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Samplers.minP(Float.NaN))
        .withMessageContaining("min-p");
  }

  @Test
  void logitsThatAreNoNumbersAreNamed() {
    List<LogitsProcessor> filters =
        List.of(Samplers.topK(0), Samplers.topK(2), Samplers.topP(0.5f), Samplers.minP(0.1f));
    for (LogitsProcessor filter : filters) {
      for (Sampler sampler : List.of(Samplers.greedy(), Samplers.distribution(1))) {
        assertThatThrownBy(
                () -> filter.thenPick(sampler).sample(Logits.of(0, -1, Float.NaN, -2, -3)))
            .isInstanceOf(InvalidLogitsException.class)
            .hasMessageContaining("token 2 is NaN");
        assertThatThrownBy(
                () ->
                    filter
                        .thenPick(sampler)
                        .sample(Logits.of(0, Float.POSITIVE_INFINITY, -1, -2, -3)))
            .isInstanceOf(InvalidLogitsException.class)
            .hasMessageContaining("token 1 is Infinity");
      }
    }
  }

  @Test
  void whenEverythingIsBannedTheErrorSaysSo() {
    LogitsProcessor banAll =
        logits -> {
          for (int i = 0; i < logits.size(); i++) {
            logits.setLogit(i, Float.NEGATIVE_INFINITY);
          }
        };
    for (Sampler sampler : List.of(Samplers.greedy(), Samplers.distribution(1))) {
      assertThatThrownBy(() -> banAll.thenPick(sampler).sample(quarters()))
          .isInstanceOf(InvalidLogitsException.class)
          .hasMessageContaining("all 4 candidates have a logit of -infinity");
      LogitsProcessor removeAll = logits -> logits.keepIf((token, logit) -> false);
      assertThatThrownBy(() -> removeAll.thenPick(sampler).sample(quarters()))
          .isInstanceOf(InvalidLogitsException.class)
          .hasMessageContaining("removed every candidate");
    }
  }
}
