package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.TokenHistory;
import org.junit.jupiter.api.Test;

/** What a draft model is asked to evaluate, and what of its answers is guessed. */
class ModelDrafterTest {
  private static final int N_VOCAB = 50;

  /** After token t comes t + 1, the surer the smaller t is. */
  private static final class Counting implements RewindableSequence {
    final List<Integer> tokens = new ArrayList<>();
    final List<Integer> steps = new ArrayList<>();
    int capacity = 100;
    boolean cancelled;

    @Override
    public void append(int... appended) {
      if (cancelled) {
        throw new IllegalStateException("cancelled");
      }
      for (int token : appended) {
        tokens.add(token);
      }
      steps.add(appended.length);
    }

    @Override
    public void readLogits(Logits to) {
      int last = tokens.get(tokens.size() - 1);
      double p = probability(last + 1);
      float[] logits = new float[N_VOCAB];
      Arrays.fill(logits, (float) Math.log((1 - p) / (N_VOCAB - 1)));
      logits[(last + 1) % N_VOCAB] = (float) Math.log(p);
      to.load(logits, 0);
    }

    static double probability(int token) {
      return 1 - token / 60.0;
    }

    @Override
    public int room() {
      return capacity - tokens.size();
    }

    @Override
    public void appendEach(int[] appended, int n) {
      append(Arrays.copyOf(appended, n));
    }

    @Override
    public void selectRow(int row) {}

    @Override
    public void dropLast(int n) {
      tokens.subList(tokens.size() - n, tokens.size()).clear();
    }

    @Override
    public int maxBatch() {
      return 4;
    }
  }

  private final Counting model = new Counting();
  private final int[] cancels = {0};
  private final ModelDrafter drafter = new ModelDrafter(model, N_VOCAB, 0, () -> cancels[0]++);

  private static TokenHistory upTo(int n) {
    return TokenHistory.of(0, IntStream.rangeClosed(1, n).toArray());
  }

  private Draft draft(TokenHistory text, int limit) {
    Draft draft = new Draft(N_VOCAB, limit);
    drafter.draft(text, draft);
    return draft;
  }

  private static List<Integer> tokens(Draft draft) {
    return IntStream.range(0, draft.size()).mapToObj(draft::token).toList();
  }

  @Test
  void guessesItsLikeliestTokens() {
    drafter.begin(upTo(6));
    Draft draft = draft(upTo(6), 3);
    assertThat(tokens(draft)).containsExactly(7, 8, 9);
    assertThat(draft.confidence(0)).isCloseTo(Counting.probability(7), within(1e-6));
    assertThat(draft.confidence(2)).isCloseTo(Counting.probability(9), within(1e-6));
  }

  @Test
  void readsThePromptInBatchesAndThenOnlyWhatIsNew() {
    drafter.begin(upTo(10));
    assertThat(model.steps).containsExactly(4, 4, 2);
    draft(upTo(10), 2); // the last token once more, for its logits; 11 is guessed and evaluated
    model.steps.clear();
    assertThat(tokens(draft(upTo(12), 2))).containsExactly(13, 14);
    assertThat(model.steps).containsExactly(1, 1); // 12; then 13, which 14 comes after
    assertThat(model.tokens).startsWith(1, 2, 3).endsWith(11, 12, 13);
  }

  @Test
  void forgetsWhatWasGuessedWrongly() {
    drafter.begin(upTo(3));
    draft(upTo(3), 4);
    TokenHistory other = TokenHistory.of(0, 1, 2, 3, 30);
    assertThat(tokens(draft(other, 2))).containsExactly(31, 32);
    assertThat(model.tokens).containsExactly(1, 2, 3, 30, 31);
  }

  @Test
  void keepsTheCommonBeginOfAnotherText() {
    drafter.begin(upTo(8));
    model.steps.clear();
    drafter.begin(TokenHistory.of(0, 1, 2, 3, 4, 20, 21));
    assertThat(model.steps).containsExactly(2);
    assertThat(model.tokens).containsExactly(1, 2, 3, 4, 20, 21);
  }

  @Test
  void guessesOnlyWhatItIsSureOf() {
    ModelDrafter sure = new ModelDrafter(model, N_VOCAB, Counting.probability(8) + 0.005, () -> {});
    Draft draft = new Draft(N_VOCAB, 10);
    sure.draft(upTo(5), draft);
    assertThat(tokens(draft)).containsExactly(6, 7);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ModelDrafter(model, N_VOCAB, 1.1, () -> {}))
        .withMessage("pMin: expected 0 to 1, found 1.1");
  }

  @Test
  void guessesNothingWhereTheModelCannotFollow() {
    model.capacity = 6;
    assertThat(draft(upTo(7), 3).size()).isZero();
    assertThat(tokens(draft(upTo(6), 3))).containsExactly(7); // it can't be evaluated
    assertThat(draft(TokenHistory.of(0, 1, N_VOCAB + 3), 3).size()).isZero();
    assertThat(draft(TokenHistory.empty(), 3).size()).isZero();
    assertThat(draft(upTo(3), 0).size()).isZero();
  }

  @Test
  void guessesNoTokenThatTheTextsModelHasNot() {
    Draft draft = new Draft(8, 10);
    drafter.draft(upTo(5), draft);
    assertThat(tokens(draft)).containsExactly(6, 7);
  }

  @Test
  void goesOnAfterItWasCancelled() {
    drafter.begin(upTo(3));
    drafter.cancel();
    assertThat(cancels[0]).isEqualTo(1);
    model.cancelled = true;
    assertThatThrownBy(() -> draft(upTo(9), 2)).hasMessage("cancelled");
    model.cancelled = false;
    assertThat(tokens(draft(upTo(9), 2))).containsExactly(10, 11);
    assertThat(model.tokens).startsWith(1, 2, 3, 4).endsWith(9, 10);
  }
}
