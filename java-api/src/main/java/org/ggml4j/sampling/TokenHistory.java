package org.ggml4j.sampling;

import java.util.Objects;

/**
 * The token ids so far, oldest first: the prompt, then what was generated. A view that its owner
 * appends to and may shorten again; a processor that keeps state from step to step (a grammar)
 * looks at what has changed since its last step.
 */
public interface TokenHistory {

  /** How many tokens there are, the prompt's included. */
  int size();

  /**
   * The token at {@code index}, 0 being the first of the prompt.
   *
   * @throws IndexOutOfBoundsException if there is no such token
   */
  int get(int index);

  /** How many of the tokens belong to the prompt; the others were generated. */
  int promptSize();

  /**
   * Copies tokens, {@code count} of them from {@code index} on, to {@code to[offset]} and after.
   *
   * @throws IndexOutOfBoundsException if they are not all there, or there is no room for them
   */
  default void copy(int index, int[] to, int offset, int count) {
    Objects.checkFromIndexSize(index, count, size());
    Objects.checkFromIndexSize(offset, count, to.length);
    for (int i = 0; i < count; i++) {
      to[offset + i] = get(index + i);
    }
  }

  /** A history of a prompt of no tokens in which nothing was generated. */
  static TokenHistory empty() {
    return of(0);
  }

  /** A fixed history: {@code tokens}, of which the first {@code promptSize} are the prompt. */
  static TokenHistory of(int promptSize, int... tokens) {
    Objects.checkFromToIndex(0, promptSize, tokens.length);
    int[] copy = tokens.clone();
    return new TokenHistory() {
      @Override
      public int size() {
        return copy.length;
      }

      @Override
      public int get(int index) {
        return copy[Objects.checkIndex(index, copy.length)];
      }

      @Override
      public int promptSize() {
        return promptSize;
      }

      @Override
      public void copy(int index, int[] to, int offset, int count) {
        Objects.checkFromIndexSize(index, count, copy.length);
        System.arraycopy(copy, index, to, offset, count);
      }
    };
  }
}
