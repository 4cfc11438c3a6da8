package org.ggml4j.grammar;

import java.util.Arrays;

/** The tokens that may come next. Immutable; few tokens are kept as a list, many as bits. */
final class TokenMask {
  private static final int[] NO_LIST = {};

  private final int count;
  private final int[] list;
  private final long[] bits;

  private TokenMask(int count, int[] list, long[] bits) {
    this.count = count;
    this.list = list;
    this.bits = bits;
  }

  /** The mask with these bits; takes them over. */
  static TokenMask of(long[] bits) {
    int count = 0;
    for (long word : bits) {
      count += Long.bitCount(word);
    }
    if (count >= 2 * bits.length) {
      return new TokenMask(count, NO_LIST, bits);
    }
    int[] list = new int[count];
    int n = 0;
    for (int i = 0; i < bits.length; i++) {
      for (long word = bits[i]; word != 0; word &= word - 1) {
        list[n++] = 64 * i + Long.numberOfTrailingZeros(word);
      }
    }
    return new TokenMask(count, list, new long[0]);
  }

  /** How many tokens there are. */
  int count() {
    return count;
  }

  /**
   * The bits, token t being bit t % 64 of word t / 64.
   *
   * @param scratch as many words as the vocabulary takes; may be written to
   */
  long[] bits(long[] scratch) {
    if (bits.length > 0) {
      return bits;
    }
    Arrays.fill(scratch, 0);
    for (int token : list) {
      scratch[token >> 6] |= 1L << token;
    }
    return scratch;
  }

  /** Bytes of memory. */
  int weight() {
    return 200 + 4 * list.length + 8 * bits.length;
  }
}
