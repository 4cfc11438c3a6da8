package org.ggml4j.decode;

import java.util.Arrays;
import java.util.Objects;
import org.ggml4j.sampling.TokenHistory;

/** The tokens of a text as it grows: the prompt and what was generated. */
final class TokenLog implements TokenHistory {
  private int[] tokens;
  private int size;
  private int promptSize;

  /**
   * @param prompt what the text begins with
   */
  TokenLog(int... prompt) {
    tokens = Arrays.copyOf(prompt, prompt.length + 64);
    size = prompt.length;
    promptSize = prompt.length;
  }

  void add(int token) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
    }
    tokens[size++] = token;
  }

  /** What there is after this is the prompt of a generation. */
  void addPrompt(int... prompt) {
    for (int token : prompt) {
      add(token);
    }
    promptSize = size;
  }

  /** Forgets all but the first tokens. */
  void truncate(int newSize) {
    size = Objects.checkIndex(newSize, size + 1);
    promptSize = Math.min(promptSize, size);
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int get(int index) {
    return tokens[Objects.checkIndex(index, size)];
  }

  @Override
  public int promptSize() {
    return promptSize;
  }

  @Override
  public void copy(int index, int[] to, int offset, int count) {
    Objects.checkFromIndexSize(index, count, size);
    System.arraycopy(tokens, index, to, offset, count);
  }
}
