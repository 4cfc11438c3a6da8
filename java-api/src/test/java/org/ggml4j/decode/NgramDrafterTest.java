package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ggml4j.sampling.TokenHistory;
import org.junit.jupiter.api.Test;

/** Where a text's end stood before, and what is guessed from that. */
class NgramDrafterTest {
  private final NgramDrafter drafter = new NgramDrafter(2, 4);

  private static TokenHistory history(int... tokens) {
    return TokenHistory.of(0, tokens);
  }

  private List<Integer> guess(int limit, int... tokens) {
    Draft draft = new Draft(1000, limit);
    drafter.begin(history(tokens));
    drafter.draft(history(tokens), draft);
    return IntStream.range(0, draft.size()).mapToObj(draft::token).toList();
  }

  @Test
  void goesOnAsItDidBefore() {
    assertThat(guess(3, 1, 2, 3, 4, 5, 9, 1, 2)).containsExactly(3, 4, 5);
    assertThat(guess(8, 1, 2, 3, 9, 1, 2)).startsWith(3, 9, 1, 2);
  }

  @Test
  void guessesNothingOfWhatIsNew() {
    assertThat(guess(3, 1, 2, 3, 4)).isEmpty();
    assertThat(guess(3, 7, 1, 8, 1)).isEmpty(); // one token is not enough
    assertThat(guess(3, 1)).isEmpty();
    assertThat(guess(0, 1, 2, 3, 1, 2)).isEmpty();
  }

  @Test
  void prefersTheLongerMatchAndThenTheLater() {
    assertThat(guess(1, 5, 6, 7, 1, 0, 6, 7, 2, 0, 5, 6, 7)).containsExactly(1);
    assertThat(guess(1, 6, 7, 1, 0, 6, 7, 2, 0, 6, 7)).containsExactly(2);
  }

  @Test
  void draftsSeveralPeriodsOfAShortOne() {
    assertThat(guess(7, 4, 5, 4, 5, 4, 5)).containsExactly(4, 5, 4, 5, 4, 5, 4);
    assertThat(guess(5, 3, 3, 3)).containsExactly(3, 3, 3, 3, 3);
  }

  @Test
  void isSurerTheMoreTokensMatch() {
    Draft draft = new Draft(1000, 3);
    int[] text = {1, 2, 3, 4, 5, 6, 7, 9, 1, 2, 3, 4};
    drafter.begin(history(text));
    drafter.draft(history(text), draft);
    assertThat(draft.confidence(0)).isEqualTo(4 / 6.0);
    assertThat(draft.confidence(1)).isEqualTo(5 / 7.0);
    assertThat(draft.confidence(2)).isEqualTo(6 / 8.0);
  }

  @Test
  void isSurerIfOtherPlacesAgreeAndLessSureIfNot() {
    Draft draft = new Draft(1000, 1);
    int[] agreeing = {6, 7, 1, 0, 6, 7, 1, 5, 6, 7};
    drafter.begin(history(agreeing));
    drafter.draft(history(agreeing), draft);
    assertThat(draft.confidence(0)).isEqualTo(2 / 3.0);
    Draft other = new Draft(1000, 1);
    int[] disagreeing = {6, 7, 1, 0, 6, 7, 2, 5, 6, 7};
    drafter.begin(history(disagreeing));
    drafter.draft(history(disagreeing), other);
    assertThat(other.confidence(0)).isEqualTo(1 / 3.0);
  }

  @Test
  void followsATextThatGrowsAndOneThatIsAnother() {
    guess(4, 1, 2, 3, 4);
    TokenHistory grown = history(1, 2, 3, 4, 1, 2);
    Draft draft = new Draft(1000, 2);
    drafter.draft(grown, draft); // no begin: it has only grown
    assertThat(draft.token(0)).isEqualTo(3);

    assertThat(guess(2, 1, 2, 8, 8, 1, 2)).containsExactly(8, 8);
    assertThat(guess(2, 2, 3)).isEmpty();
  }

  @Test
  void refusesImpossibleLengths() {
    assertThatIllegalArgumentException().isThrownBy(() -> new NgramDrafter(0, 4));
    assertThatIllegalArgumentException().isThrownBy(() -> new NgramDrafter(3, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new NgramDrafter(3, 257))
        .withMessage("preferred: expected 3 to 256, found 257");
  }

  @Provide
  Arbitrary<int[]> texts() {
    return Arbitraries.integers().between(0, 2).array(int[].class).ofMaxSize(30);
  }

  /** In texts so short the chains are never cut, so the answer is the best of all places. */
  @Property(tries = 500)
  void findsWhatASearchOfTheWholeTextFinds(
      @ForAll("texts") int[] text, @ForAll("texts") int[] end) {
    NgramIndex index = new NgramIndex(2, 2);
    for (int token : text) {
      index.add(token);
    }
    for (int token : end) {
      index.add(token);
    }
    index.truncate(text.length); // and as if the end had never been there
    int bestLength = 0;
    int bestEnd = 0;
    for (int e = 1; e < text.length; e++) {
      int length = 0;
      while (length < e && text[e - 1 - length] == text[text.length - 1 - length]) {
        length++;
      }
      if (length >= 2 && length >= bestLength) {
        bestLength = length;
        bestEnd = e;
      }
    }
    assertThat(index.find()).isEqualTo(bestLength > 0);
    assertThat(index.matchLength()).isEqualTo(bestLength);
    assertThat(index.matchEnd()).isEqualTo(bestEnd);
    assertThat(IntStream.range(0, index.size()).map(index::get).toArray()).isEqualTo(text);
  }

  @Test
  void aLongTextIsFoundAgainAfterTheTablesGrew() {
    int[] text = IntStream.range(0, 5000).map(i -> (i * 7919) % 997 + i / 997).toArray();
    int[] again = Arrays.copyOf(text, 5010);
    System.arraycopy(text, 1200, again, 5000, 10);
    drafter.begin(history(again));
    Draft draft = new Draft(5000, 3);
    drafter.draft(history(again), draft);
    assertThat(draft.token(0)).isEqualTo(text[1210]);
    assertThat(draft.token(2)).isEqualTo(text[1212]);
  }
}
