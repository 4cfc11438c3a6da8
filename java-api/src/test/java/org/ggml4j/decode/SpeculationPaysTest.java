package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.ggml4j.sampling.TokenHistory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * How much time speculation takes, on a simulated model and a simulated clock: never more than
 * plain decoding by a twentieth, whatever the drafter is worth, and much less where it is right.
 */
class SpeculationPaysTest {
  private static final int N_VOCAB = 1000;
  private static final int N_TOKENS = 600;
  private static final double STEP = 40; // milliseconds

  /** What a step over several tokens costs. */
  enum Machine {
    FLAT(SimulatedSequence.FLAT),
    STEEP(SimulatedSequence.STEEP),
    LINEAR(SimulatedSequence.LINEAR),
    WORSE(n -> n == 1 ? 1 : 2 + 1.5 * n);

    private final IntToDoubleFunction curve;

    Machine(IntToDoubleFunction curve) {
      this.curve = curve;
    }
  }

  private final int[] text = random().ints(N_TOKENS, 0, N_VOCAB).toArray();
  private SimulatedSequence target = on(Machine.FLAT);
  private Supplier<SpeculationStats> stats = () -> new SpeculationStats(0, 0, 0, 0);

  private static RandomGenerator random() {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(42);
  }

  private static SimulatedSequence on(Machine machine) {
    return new SimulatedSequence(machine.curve, STEP);
  }

  /**
   * Guesses that are right with a probability, whatever the drafter says of them.
   *
   * @param accuracy the probability, which may change in time
   * @param cost of a token, in milliseconds; a token that is only read costs a tenth
   */
  private Drafter guesses(DoubleSupplier accuracy, double confidence, double cost) {
    RandomGenerator random = random();
    return new Drafter() {
      @Override
      public void begin(TokenHistory history) {
        target.now += 0.1 * cost * history.size() * SimulatedSequence.MILLISECOND;
      }

      @Override
      public void draft(TokenHistory history, Draft draft) {
        boolean more = true;
        for (int at = history.size() - 1; more && at < text.length; at++) {
          target.now += cost * SimulatedSequence.MILLISECOND;
          boolean right = random.nextDouble() < accuracy.getAsDouble();
          more = draft.add(right ? text[at] : (text[at] + 1) % N_VOCAB, confidence);
        }
      }
    };
  }

  /** Writes the text behind a prompt of one token; returns how many times faster than plainly. */
  private double speedUp(Drafter drafter) {
    SpeculativeSequence sequence =
        new SpeculativeSequence(target, drafter, N_VOCAB, t -> false, target::clock);
    stats = sequence.begin(false, N_TOKENS + 1);
    sequence.append(5);
    double begin = target.now;
    for (int token : text) {
      sequence.append(token);
    }
    assertThat(target.tokens.subList(1, N_TOKENS + 1))
        .containsExactlyElementsOf(IntStream.of(text).boxed().toList());
    return N_TOKENS * STEP * SimulatedSequence.MILLISECOND / (target.now - begin);
  }

  @ParameterizedTest
  @EnumSource
  void isNeverMuchSlowerThanPlainDecoding(Machine machine) {
    for (double accuracy : List.of(0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)) {
      for (double confidence : List.of(0.01, 0.5, 0.99, 1.0)) {
        for (double cost : List.of(0.0, 0.01, 1.0, 10.0, 100.0)) {
          target = on(machine);
          assertThat(speedUp(guesses(() -> accuracy, confidence, cost)))
              .as("right %s, sure %s, cost %s", accuracy, confidence, cost)
              .isGreaterThan(0.95);
        }
      }
    }
  }

  @Test
  void isMuchFasterWhereTheDrafterIsRight() {
    assertThat(speedUp(guesses(() -> 1, 0.99, 0))).isGreaterThan(15);
    target = on(Machine.FLAT);
    assertThat(speedUp(guesses(() -> 0.8, 0.8, 1))).isGreaterThan(2.5);
    target = on(Machine.STEEP);
    assertThat(speedUp(guesses(() -> 1, 0.99, 0))).isGreaterThan(4);
    target = on(Machine.STEEP);
    assertThat(speedUp(guesses(() -> 0.9, 0.9, 0))).isGreaterThan(1.6);
  }

  @Test
  void learnsThatADrafterIsBetterThanItSays() {
    assertThat(speedUp(guesses(() -> 0.95, 0.01, 0))).isGreaterThan(4);
    assertThat(stats.get().acceptance()).isGreaterThan(0.5);
  }

  @Test
  void checksLittleOfWhatIsAlwaysWrong() {
    assertThat(speedUp(guesses(() -> 0, 0.99, 0))).isGreaterThan(0.97);
    assertThat(stats.get().batches()).isLessThan(30);
    assertThat(stats.get().accepted()).isZero();
  }

  @Test
  void beginsAgainWhenADrafterThatWasWrongIsRight() {
    int[] calls = {0};
    double better = speedUp(guesses(() -> calls[0]++ < 200 ? 0 : 1, 0.9, 0));
    assertThat(better).isGreaterThan(1.3);
  }

  @Test
  void probesADrafterThatCostsTimeAndBeginsAgain() {
    Drafter late =
        guesses(() -> target.now < 200 * STEP * SimulatedSequence.MILLISECOND ? 0 : 1, 0.9, 2);
    assertThat(speedUp(late)).isGreaterThan(1.1);
  }

  @Test
  void stopsWhenADrafterThatWasRightIsWrong() {
    int[] calls = {0};
    double slower = speedUp(guesses(() -> calls[0]++ < 100 ? 1 : 0, 0.99, 0));
    assertThat(slower).isGreaterThan(1);
  }

  @Test
  void aMachineThatStumblesDoesNotMisleadIt() {
    RandomGenerator random = random();
    target =
        new SimulatedSequence(
            n -> SimulatedSequence.STEEP.applyAsDouble(n) * (random.nextInt(10) == 0 ? 8 : 1),
            STEP);
    assertThat(speedUp(guesses(() -> 1, 0.99, 0))).isGreaterThan(1.5); // 1.7 are lost by it
  }

  @Test
  void aGenerationThatFollowsKnowsWhatWasLearned() {
    SpeculativeSequence sequence =
        new SpeculativeSequence(
            target, guesses(() -> 1, 0.99, 0), N_VOCAB, t -> false, target::clock);
    stats = sequence.begin(false, N_TOKENS);
    sequence.append(5);
    for (int i = 0; i < 200; i++) {
      sequence.append(text[i]);
    }
    Supplier<SpeculationStats> before = stats;
    Supplier<SpeculationStats> after = sequence.begin(true, N_TOKENS);
    sequence.append(text[200]);
    sequence.append(text[201]);

    assertThat(after.get().batches()).isEqualTo(1); // the very first step checks a draft
    assertThat(before.get().drafted()).isPositive();
    assertThat(after.get().drafted()).isPositive();
  }
}
