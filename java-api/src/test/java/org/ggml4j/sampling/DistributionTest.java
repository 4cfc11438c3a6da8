package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DistributionTest {

  @Test
  void frequenciesFollowTheProbabilities() {
    double[] probabilities = {0.05, 0.3, 0.15, 0.25, 0.01, 0.24};
    float[] values = new float[probabilities.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (Math.log(probabilities[i]) + 13);
    }
    for (List<LogitsProcessor> processors :
        List.of(List.<LogitsProcessor>of(), List.of(Samplers.topK(6)))) {
      Sampler sampler = Samplers.chain(processors, Samplers.distribution(2024));
      Logits logits = new Logits(values.length);
      int draws = 100_000;
      int[] counts = new int[values.length];
      for (int i = 0; i < draws; i++) {
        logits.load(values, 0);
        counts[sampler.sample(logits)]++;
      }
      double chiSquare = 0;
      for (int i = 0; i < counts.length; i++) {
        double expected = draws * probabilities[i];
        chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
      }
      // 20.52 is the 99.9% point for 5 degrees of freedom.
      assertThat(chiSquare).isLessThan(20.52);
    }
  }

  @Test
  void theRandomNumbersAreSplitMix64() {
    SeededRandom random = new SeededRandom(1234567);
    // The first outputs of the reference implementation for this seed.
    assertThat(random.nextLong()).isEqualTo(6457827717110365317L);
    assertThat(random.nextLong()).isEqualTo(3203168211198807973L);
    assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("9817491932198370423"));
  }

  @Test
  void aSeedMeansTheSameTokensOnEveryMachine() {
    Random random = new Random(99);
    float[] values = new float[50_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextInt(40_000) / 1000.0);
    }
    Sampler sampler = Samplers.distribution(42);
    Sampler chain =
        Samplers.chain(
            List.of(
                Samplers.temperature(0.8f),
                Samplers.topK(4000),
                Samplers.topP(0.95f),
                Samplers.minP(0.02f)),
            Samplers.distribution(42));
    Logits logits = new Logits(values.length);
    int[] plain = new int[6];
    int[] filtered = new int[6];
    for (int i = 0; i < 6; i++) {
      logits.load(values, 0);
      plain[i] = sampler.sample(logits);
      logits.load(values, 0);
      filtered[i] = chain.sample(logits);
    }
    assertThat(plain).containsExactly(7035, 2134, 43150, 33455, 8211, 14267);
    assertThat(filtered).containsExactly(2880, 29474, 24771, 37932, 42388, 7498);
  }

  @Test
  void resetStartsAgainAndAForkGoesOnFromWhereItIs() {
    Sampler sampler = Samplers.distribution(7);
    int[] first = draw(sampler, 20);
    sampler.reset();
    assertThat(draw(sampler, 20)).isEqualTo(first);
    Sampler fork = sampler.fork();
    int[] next = draw(sampler, 20);
    assertThat(draw(fork, 20)).isEqualTo(next).isNotEqualTo(first);
    fork.reset();
    assertThat(draw(fork, 20)).isEqualTo(first);
    assertThat(draw(Samplers.distribution(8), 20)).isNotEqualTo(first);
    assertThat(Samplers.freshSeed()).isNotEqualTo(Samplers.freshSeed());
  }

  /** As in llama.cpp's test of the singleton: the choice of one draws its number, too. */
  @Test
  void oneNumberIsDrawnPerTokenWhateverTheCandidates() {
    Sampler single = Samplers.distribution(4242);
    Sampler control = Samplers.distribution(4242);
    single.sample(Logits.of(0));
    control.sample(Logits.of(0, 0));
    assertThat(draw(single, 4)).isEqualTo(draw(control, 4));
  }

  @Test
  void whatIsBannedIsNeverDrawn() {
    float[] values = new float[100];
    Logits logits = new Logits(100);
    Sampler sampler = Samplers.distribution(11);
    for (int round = 0; round < 2000; round++) {
      logits.load(values, 0);
      for (int token = 0; token < 100; token += 2) {
        logits.ban(token);
      }
      assertThat(sampler.sample(logits) % 2).isOne();
    }
    Logits edges = Logits.of(Float.NEGATIVE_INFINITY, 1, Float.NEGATIVE_INFINITY);
    assertThat(edges.tokenAt(0)).isOne();
    assertThat(edges.tokenAt(Math.nextDown(1.0))).isOne();
  }

  private static int[] draw(Sampler sampler, int count) {
    float[] values = new float[256];
    Logits logits = new Logits(256);
    return IntStream.range(0, count)
        .map(
            i -> {
              logits.load(values, 0);
              return sampler.sample(logits);
            })
        .toArray();
  }
}
