package org.ggml4j.train;

import java.util.Arrays;

/**
 * Texts as token ids, behind each other, and the rows that are cut from them. Which row is used
 * when depends only on the seed and on the row's number, so that a training that was interrupted
 * goes on as if it had not been.
 */
public final class TokenDataset {
  private final int[] tokens;
  private final int[] starts;

  /**
   * @param tokens all texts behind each other, each beginning with its BOS token
   * @param starts where each text begins, rising
   * @throws IllegalArgumentException if there are fewer than three tokens or no text, or one begins
   *     outside of the tokens
   */
  public TokenDataset(int[] tokens, int[] starts) {
    this.tokens = tokens.clone();
    this.starts = starts.clone();
    if (tokens.length < 3 || starts.length == 0) {
      throw new IllegalArgumentException(
          "training needs text: found " + tokens.length + " tokens in " + starts.length + " texts");
    }
    for (int i = 0; i < starts.length; i++) {
      if (starts[i] < (i == 0 ? 0 : starts[i - 1] + 1) || starts[i] >= tokens.length) {
        throw new IllegalArgumentException(
            "start of text "
                + i
                + ": expected rising numbers below "
                + tokens.length
                + ", found "
                + starts[i]);
      }
    }
  }

  /** Number of tokens. */
  public int size() {
    return tokens.length;
  }

  /** Number of texts. */
  public int nTexts() {
    return starts.length;
  }

  /** The texts before and from number {@code index} on, as two data sets. */
  public TokenDataset[] split(int index) {
    int at = starts[index];
    int[] later = Arrays.stream(starts, index, starts.length).map(s -> s - at).toArray();
    return new TokenDataset[] {
      new TokenDataset(Arrays.copyOf(tokens, at), Arrays.copyOf(starts, index)),
      new TokenDataset(Arrays.copyOfRange(tokens, at, tokens.length), later)
    };
  }

  /**
   * Copies a row of {@code row.length} tokens that begins with a text and goes on with the texts
   * behind it, around to the first after the last.
   *
   * @param number of the row; the same one always gives the same text
   */
  public void row(long seed, long number, int[] row) {
    int at = starts[(int) Long.remainderUnsigned(mix(seed, number), starts.length)];
    for (int i = 0; i < row.length; i++) {
      row[i] = tokens[at];
      at = at + 1 == tokens.length ? 0 : at + 1;
    }
  }

  /**
   * @throws IllegalArgumentException if a token is not below {@code nVocab}
   */
  void checkTokens(int nVocab) {
    for (int token : tokens) {
      if (token < 0 || token >= nVocab) {
        throw new IllegalArgumentException(
            "token: expected 0 to " + (nVocab - 1) + ", found " + token);
      }
    }
  }

  /** SplitMix64's finaliser over seed and number. */
  static long mix(long seed, long number) {
    long z = seed * 0x9E3779B97F4A7C15L + number * 0xD1B54A32D192ED03L + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
