package org.ggml4j.tokenizer;

import java.util.Arrays;

/** Maps pairs of ints to ints that are not negative, in two flat arrays. Cannot grow. */
final class PairMap {
  private final long[] keys;
  private final int[] values;
  private final int mask;

  PairMap(int expected) {
    int capacity = Integer.highestOneBit(Math.max(8, expected)) << 1;
    if (capacity < expected + (expected >> 1)) {
      capacity <<= 1;
    }
    keys = new long[capacity];
    values = new int[capacity];
    Arrays.fill(values, -1);
    mask = capacity - 1;
  }

  static long key(int left, int right) {
    return (long) left << 32 | (right & 0xFFFF_FFFFL);
  }

  /** The value of a pair, or {@code missing}. */
  int get(long key, int missing) {
    int slot = slot(key);
    return values[slot] < 0 ? missing : values[slot];
  }

  void putIfAbsent(long key, int value) {
    int slot = slot(key);
    if (values[slot] < 0) {
      keys[slot] = key;
      values[slot] = value;
    }
  }

  /** Where a pair is, or would be. */
  private int slot(long key) {
    long h = key * 0x9E37_79B9_7F4A_7C15L;
    int slot = (int) (h >>> 32) & mask;
    while (values[slot] >= 0 && keys[slot] != key) {
      slot = slot + 1 & mask;
    }
    return slot;
  }
}
