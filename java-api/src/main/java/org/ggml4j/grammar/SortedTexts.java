package org.ggml4j.grammar;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Byte strings in ascending order, bytes being unsigned. Sorted by four bytes at a time together
 * with their numbers as one {@code long}, which is many times faster than comparing arrays.
 */
final class SortedTexts {
  private byte[] bytes = new byte[1 << 16];
  private final int[] starts;
  private final int[] order;
  private final long[] keys;

  /**
   * Sorts the texts of numbers 0 to {@code n} - 1.
   *
   * @param text of a number; those that are empty are left out
   */
  SortedTexts(int n, IntFunction<byte[]> text) {
    starts = new int[n + 1];
    int count = 0;
    for (int id = 0; id < n; id++) {
      byte[] s = text.apply(id);
      starts[id + 1] = starts[id] + s.length;
      if (starts[id + 1] > bytes.length) {
        bytes = Arrays.copyOf(bytes, 2 * starts[id + 1]);
      }
      System.arraycopy(s, 0, bytes, starts[id], s.length);
      count += s.length > 0 ? 1 : 0;
    }
    order = new int[count];
    keys = new long[count];
    int at = 0;
    for (int id = 0; id < n; id++) {
      if (length(id) > 0) {
        order[at++] = id;
      }
    }
    sort(0, count, 0);
  }

  /** How many there are. */
  int size() {
    return order.length;
  }

  /** The number of the i-th. */
  int id(int i) {
    return order[i];
  }

  int[] ids() {
    return order;
  }

  int length(int id) {
    return starts[id + 1] - starts[id];
  }

  byte get(int id, int index) {
    return bytes[starts[id] + index];
  }

  /** How many bytes two begin with in common. */
  int common(int x, int y) {
    int mismatch =
        Arrays.mismatch(bytes, starts[x], starts[x + 1], bytes, starts[y], starts[y + 1]);
    return mismatch < 0 ? length(x) : mismatch;
  }

  /** Sorts a stretch of {@link #order} whose texts are equal before {@code offset}. */
  private void sort(int from, int to, int offset) {
    for (int i = from; i < to; i++) {
      // The sign bit turned around makes the order that of unsigned bytes.
      keys[i] = ((long) fourBytes(order[i], offset) << 32 | order[i]) ^ Long.MIN_VALUE;
    }
    Arrays.sort(keys, from, to);
    for (int i = from; i < to; i++) {
      order[i] = (int) keys[i];
    }
    for (int i = from; i < to; ) {
      int end = i + 1;
      while (end < to && keys[end] >> 32 == keys[i] >> 32) {
        end++;
      }
      if (end - i > 1) {
        int longer = endedFirst(i, end, offset + 4);
        if (end - longer > 1) {
          sort(longer, end, offset + 4);
        }
      }
      i = end;
    }
  }

  /**
   * Puts the texts that have ended before the ones that have not, the shorter ones first: their
   * bytes differ in zeros at most.
   *
   * @return where those begin that have not
   */
  private int endedFirst(int from, int to, int offset) {
    int end = from;
    for (int length = offset - 3; length <= offset; length++) {
      for (int i = end; i < to; i++) {
        if (length(order[i]) == length) {
          int ended = order[i];
          System.arraycopy(order, end, order, end + 1, i - end);
          order[end++] = ended;
        }
      }
    }
    return end;
  }

  private int fourBytes(int id, int offset) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      value = value << 8 | (offset + i < length(id) ? get(id, offset + i) & 0xFF : 0);
    }
    return value;
  }
}
