package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * Byte strings numbered from 0, found by number and by content: one array of bytes and one of hash
 * slots, whatever their count.
 */
final class TextTable {
  private final byte[] bytes;
  private final int[] offsets;
  private final int[] slots;
  private final int mask;

  /**
   * Takes over its arguments.
   *
   * @param bytes all strings, one after another
   * @param offsets where each begins, and the end of the last
   */
  TextTable(byte[] bytes, int[] offsets) {
    this.bytes = bytes;
    this.offsets = offsets;
    int capacity = Integer.highestOneBit(Math.max(8, size())) << 2;
    this.slots = new int[capacity];
    this.mask = capacity - 1;
    Arrays.fill(slots, -1);
  }

  int size() {
    return offsets.length - 1;
  }

  /** Enters string {@code id} and returns the number of an equal one entered before, or -1. */
  int enter(int id) {
    int from = offsets[id];
    int to = offsets[id + 1];
    int slot = hash(bytes, from, to) & mask;
    while (slots[slot] >= 0) {
      if (equals(slots[slot], bytes, from, to)) {
        return slots[slot];
      }
      slot = slot + 1 & mask;
    }
    slots[slot] = id;
    return -1;
  }

  /** Number of a string, or -1. */
  int find(byte[] s, int from, int to) {
    int slot = hash(s, from, to) & mask;
    while (slots[slot] >= 0) {
      if (equals(slots[slot], s, from, to)) {
        return slots[slot];
      }
      slot = slot + 1 & mask;
    }
    return -1;
  }

  private boolean equals(int id, byte[] s, int from, int to) {
    int start = offsets[id];
    int end = offsets[id + 1];
    return end - start == to - from && Arrays.equals(bytes, start, end, s, from, to);
  }

  static int hash(byte[] s, int from, int to) {
    int h = to - from;
    for (int i = from; i < to; i++) {
      h = (h ^ s[i]) * 0x01000193;
    }
    h ^= h >>> 15;
    h *= 0x2C1B3C6D;
    return h ^ h >>> 13;
  }

  byte[] bytes() {
    return bytes;
  }

  int start(int id) {
    return offsets[id];
  }

  int end(int id) {
    return offsets[id + 1];
  }
}
