package org.ggml4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Rows depend on seed and number only, begin with a text, and reach all of them. */
class TokenDatasetTest {
  /** Texts of the lengths 3, 4, 5, ...; token i is i. */
  private static TokenDataset data(int nTexts) {
    int[] starts = new int[nTexts];
    int at = 0;
    for (int i = 0; i < nTexts; i++) {
      starts[i] = at;
      at += 3 + i;
    }
    int[] tokens = new int[at];
    Arrays.setAll(tokens, i -> i);
    return new TokenDataset(tokens, starts);
  }

  private static int start(int text) {
    return text * 3 + text * (text - 1) / 2;
  }

  @Property(tries = 300)
  void aRowIsAPieceOfTheText(
      @ForAll long seed,
      @ForAll long number,
      @ForAll @IntRange(min = 1, max = 12) int nTexts,
      @ForAll @IntRange(min = 1, max = 200) int length) {
    TokenDataset data = data(nTexts);
    int[] row = new int[length];
    data.row(seed, number, row);
    assertThat(starts(nTexts)).contains(row[0]);
    for (int i = 1; i < length; i++) {
      assertThat(row[i]).isEqualTo((row[0] + i) % data.size());
    }
    int[] again = new int[length];
    data(nTexts).row(seed, number, again);
    assertThat(again).isEqualTo(row);
  }

  private static Set<Integer> starts(int nTexts) {
    Set<Integer> starts = new HashSet<>();
    for (int i = 0; i < nTexts; i++) {
      starts.add(start(i));
    }
    return starts;
  }

  @Test
  void everyTextComesUpAboutEquallyOften() {
    TokenDataset data = data(10);
    int[] counts = new int[data.size()];
    int[] row = new int[1];
    for (int i = 0; i < 10_000; i++) {
      data.row(7, i, row);
      counts[row[0]]++;
    }
    for (int start : starts(10)) {
      assertThat(counts[start]).isBetween(850, 1150);
    }
  }

  @Property(tries = 100)
  void aSplitKeepsEveryTokenOnce(@ForAll @IntRange(min = 1, max = 9) int index) {
    TokenDataset data = data(10);
    TokenDataset[] parts = data.split(index);
    assertThat(parts[0].size() + parts[1].size()).isEqualTo(data.size());
    assertThat(parts[0].nTexts()).isEqualTo(index);
    assertThat(parts[1].nTexts()).isEqualTo(10 - index);
    int[] row = new int[1];
    for (int i = 0; i < 50; i++) {
      parts[0].row(1, i, row);
      assertThat(row[0]).isLessThan(start(index));
      parts[1].row(1, i, row);
      assertThat(row[0]).isGreaterThanOrEqualTo(start(index));
      assertThat(starts(10)).contains(row[0]);
    }
  }

  @Test
  void whatIsNoText() {
    int[] five = {1, 2, 3, 4, 5};
    int[][] wrong = {{}, {-1}, {5}, {0, 0}, {3, 2}, {0, 7}};
    for (int[] starts : wrong) {
      assertThatIllegalArgumentException()
          .as(Arrays.toString(starts))
          .isThrownBy(() -> new TokenDataset(five, starts));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TokenDataset(new int[2], new int[] {0}))
        .withMessageContaining("2 tokens");
  }
}
