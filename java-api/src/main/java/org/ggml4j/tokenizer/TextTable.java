package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * Byte strings numbered from 0, found by number and by content: one array of bytes and one of hash
 * slots, whatever their count.
 */
final class TextTable {
  private final TextBlock texts;
  private final byte[] bytes;
  // Hash in the upper half, number in the lower: most strangers are told apart without their text.
  private final long[] slots;
  private final int mask;
  private final int[] hashes;

  /** A table in which no string is entered yet. */
  TextTable(TextBlock texts) {
    this.texts = texts;
    this.bytes = texts.bytes();
    int capacity = Integer.highestOneBit(Math.max(8, size())) << 2;
    this.slots = new long[capacity];
    this.mask = capacity - 1;
    this.hashes = new int[size()];
    Arrays.fill(slots, -1);
  }

  int size() {
    return texts.size();
  }

  /** Enters string {@code id} and returns the number of an equal one entered before, or -1. */
  int enter(int id) {
    int from = texts.start(id);
    int to = texts.end(id);
    int hash = hash(bytes, from, to);
    hashes[id] = hash;
    int slot = slot(hash, bytes, from, to);
    if (slots[slot] >= 0) {
      return (int) slots[slot];
    }
    slots[slot] = (long) (hash & Integer.MAX_VALUE) << 32 | id;
    return -1;
  }

  /** Number of a string, or -1. */
  int find(byte[] s, int from, int to) {
    return (int) slots[slot(hash(s, from, to), s, from, to)];
  }

  /** Where a string is, or would be. */
  private int slot(int hash, byte[] s, int from, int to) {
    int slot = hash & mask;
    int upper = hash & Integer.MAX_VALUE;
    long found = slots[slot];
    while (found >= 0 && ((int) (found >>> 32) != upper || !equals((int) found, s, from, to))) {
      slot = slot + 1 & mask;
      found = slots[slot];
    }
    return slot;
  }

  private boolean equals(int id, byte[] s, int from, int to) {
    int start = texts.start(id);
    int end = texts.end(id);
    return end - start == to - from && Arrays.equals(bytes, start, end, s, from, to);
  }

  /** The hash of an entered string. */
  int hash(int id) {
    return hashes[id];
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
    return texts.start(id);
  }

  int end(int id) {
    return texts.end(id);
  }
}
