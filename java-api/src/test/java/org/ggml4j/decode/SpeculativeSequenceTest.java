package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.ggml4j.sampling.TokenHistory;
import org.junit.jupiter.api.Test;

/** What the target holds, and which row of its logits is read, as tokens are appended. */
class SpeculativeSequenceTest {
  private static final int N_VOCAB = 100;
  private static final int END = 99;

  private final SimulatedSequence target = new SimulatedSequence(SimulatedSequence.FLAT, 40);
  private final List<Integer> asked = new ArrayList<>();
  private int[] guess = {};
  private Supplier<SpeculationStats> stats = () -> new SpeculationStats(0, 0, 0, 0);

  private final Drafter drafter =
      new Drafter() {
        @Override
        public void draft(TokenHistory text, Draft draft) {
          asked.add(text.size());
          for (int i = 0; i < guess.length && i < draft.limit(); i++) {
            draft.add(guess[i], 1);
          }
        }
      };

  private SpeculativeSequence sequence(int maxTokens) {
    SpeculativeSequence sequence =
        new SpeculativeSequence(target, drafter, N_VOCAB, t -> t == END, target::clock);
    stats = sequence.begin(false, maxTokens);
    sequence.append(1, 2, 3);
    for (int i = 4; i < 8; i++) {
      sequence.append(i); // until the cost of a step is known
    }
    return sequence;
  }

  private static List<Integer> upTo(int n) {
    return IntStream.rangeClosed(1, n).boxed().toList();
  }

  @Test
  void oneStepServesAllTokensThatWereGuessed() {
    SpeculativeSequence sequence = sequence(100);
    guess = new int[] {9, 10};
    int steps = target.steps.size();
    for (int i = 8; i <= 10; i++) {
      sequence.append(i);
      assertThat(target.row).isEqualTo(i - 8);
      assertThat(sequence.ahead()).isEqualTo(10 - i);
      assertThat(target.tokens).isEqualTo(upTo(10));
    }
    assertThat(target.steps.subList(steps, target.steps.size())).containsExactly(3);
    assertThat(stats.get()).isEqualTo(new SpeculationStats(2, 2, 1, 5));
    assertThat(stats.get().acceptance()).isEqualTo(1);
    assertThat(stats.get().tokensPerStep()).isEqualTo(7 / 5.0);
  }

  @Test
  void aWrongGuessIsTakenOut() {
    SpeculativeSequence sequence = sequence(100);
    guess = new int[] {9, 50};
    sequence.append(8);
    sequence.append(9);
    guess = new int[] {};
    sequence.append(10);

    assertThat(target.tokens).isEqualTo(upTo(10));
    assertThat(sequence.ahead()).isZero();
    assertThat(stats.get().accepted()).isEqualTo(1);
    assertThat(stats.get().acceptance()).isEqualTo(0.5);
  }

  @Test
  void droppingLeavesTheTextAlone() {
    SpeculativeSequence sequence = sequence(100);
    guess = new int[] {9, 10, 11};
    sequence.append(8);
    sequence.append(9);
    int room = sequence.room();
    assertThat(target.tokens).hasSizeGreaterThan(9);
    sequence.drop();

    assertThat(target.tokens).isEqualTo(upTo(9));
    assertThat(sequence.room()).isEqualTo(room).isEqualTo(target.room());
    guess = new int[] {};
    int steps = target.steps.size();
    sequence.append(10); // it was guessed, but its logits are gone
    assertThat(target.steps).hasSize(steps + 1);
    assertThat(target.tokens).isEqualTo(upTo(10));
  }

  @Test
  void guessesNoMoreThanWillBeGenerated() {
    SpeculativeSequence sequence = sequence(7);
    guess = new int[] {9, 10, 11, 12};
    sequence.append(8); // the fifth: two more will be picked, the last of them from a row
    assertThat(target.tokens).isEqualTo(upTo(9));
    sequence.append(9);
    int askedBefore = asked.size();
    sequence.append(10);
    assertThat(asked).hasSize(askedBefore);
  }

  @Test
  void guessesNoMoreThanFits() {
    SpeculativeSequence sequence = sequence(100);
    guess = new int[] {9, 10, 11, 12};
    target.capacity = 9;
    sequence.append(8);
    assertThat(target.tokens).isEqualTo(upTo(9));
    assertThat(sequence.room()).isEqualTo(1);
    sequence.append(9);
    assertThat(sequence.room()).isZero();
  }

  @Test
  void doesNotGuessBeyondAnEnd() {
    SpeculativeSequence sequence = sequence(100);
    guess = new int[] {9, END, 10};
    sequence.append(8);
    assertThat(target.tokens).isEqualTo(upTo(9));
  }

  @Test
  void aDrafterThatFailsChangesNothing() {
    SpeculativeSequence sequence = sequence(100);
    guess = new int[] {N_VOCAB};
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sequence.append(8))
        .withMessageContaining("token: expected 0 to 99, found 100");
    assertThat(target.tokens).isEqualTo(upTo(7));
    guess = new int[] {9};
    sequence.append(8);
    assertThat(asked.get(asked.size() - 1)).isEqualTo(8); // the text that the drafter saw
  }

  @Test
  void aDrafterThatCannotBeginChangesNothing() {
    Drafter broken =
        new Drafter() {
          private boolean failed;

          @Override
          public void begin(TokenHistory text) {
            asked.add(text.size());
            if (!failed) {
              failed = true;
              throw new IllegalStateException("not today");
            }
          }

          @Override
          public void draft(TokenHistory text, Draft draft) {}
        };
    SpeculativeSequence sequence =
        new SpeculativeSequence(target, broken, N_VOCAB, t -> false, target::clock);
    sequence.begin(false, 10);
    assertThatThrownBy(() -> sequence.append(1, 2, 3)).hasMessage("not today");
    assertThat(target.tokens).isEmpty();
    sequence.append(1, 2, 3);
    assertThat(target.tokens).isEqualTo(upTo(3));
    assertThat(asked).containsExactly(3, 3);
  }

  @Test
  void theTextGoesOnWhenTheSessionsDoes() {
    SpeculativeSequence sequence = sequence(100);
    sequence.begin(true, 100);
    sequence.append(8, 9);
    sequence.append(10);
    assertThat(asked.get(asked.size() - 1)).isEqualTo(10);

    sequence.begin(false, 100);
    sequence.append(11, 12);
    sequence.append(13);
    assertThat(asked.get(asked.size() - 1)).isEqualTo(3);
  }

  @Test
  void aDraftRefusesWhatItCannotHold() {
    Draft draft = new Draft(N_VOCAB, 1);
    assertThatIllegalArgumentException().isThrownBy(() -> draft.add(-1, 0.5));
    assertThatIllegalArgumentException().isThrownBy(() -> draft.add(1, 1.5));
    assertThatIllegalArgumentException().isThrownBy(() -> draft.add(1, Double.NaN));
    assertThatIllegalArgumentException().isThrownBy(() -> new Draft(N_VOCAB, -1));
    assertThat(draft.add(1, 0.5)).isFalse(); // full
    assertThatIllegalStateException()
        .isThrownBy(() -> draft.add(2, 0.5))
        .withMessageContaining("no more than 1");
    assertThat(draft.token(0)).isEqualTo(1);
    assertThat(draft.confidence(0)).isEqualTo(0.5);
    assertThat(draft.limit()).isEqualTo(1);
    assertThat(draft.nVocab()).isEqualTo(N_VOCAB);
  }
}
