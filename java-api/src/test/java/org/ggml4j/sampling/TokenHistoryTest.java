package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TokenHistoryTest {

  /** A history as someone else may write it, with nothing but what the interface asks for. */
  private static final TokenHistory SQUARES =
      new TokenHistory() {
        @Override
        public int size() {
          return 5;
        }

        @Override
        public int get(int index) {
          return index * index;
        }

        @Override
        public int promptSize() {
          return 2;
        }
      };

  @Test
  void tokensAreCopiedFromAnyHistory() {
    for (TokenHistory history : List.of(SQUARES, TokenHistory.of(2, 0, 1, 4, 9, 16))) {
      int[] to = new int[4];
      history.copy(2, to, 1, 3);
      assertThat(to).containsExactly(0, 4, 9, 16);
      history.copy(5, to, 4, 0);
      assertThat(to).containsExactly(0, 4, 9, 16);
      assertThatThrownBy(() -> history.copy(3, to, 0, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> history.copy(0, to, 2, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
