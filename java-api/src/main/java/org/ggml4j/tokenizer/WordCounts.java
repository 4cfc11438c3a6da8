package org.ggml4j.tokenizer;

import java.util.Arrays;

/** Counts distinct byte strings; numbers them in the order in which they came. */
final class WordCounts {
  private byte[] bytes = new byte[1 << 16];
  private int[] offsets = new int[1 << 12];
  private long[] counts = new long[1 << 12];
  private int[] slots = new int[1 << 13];
  private int size;

  WordCounts() {
    Arrays.fill(slots, -1);
  }

  int size() {
    return size;
  }

  long count(int i) {
    return counts[i];
  }

  int length(int i) {
    return offsets[i + 1] - offsets[i];
  }

  int unsignedByte(int i, int at) {
    return bytes[offsets[i] + at] & 0xFF;
  }

  void add(byte[] s, int from, int to) {
    int slot = slot(s, from, to);
    if (slots[slot] < 0) {
      slots[slot] = append(s, from, to);
      if (size > slots.length >> 1) {
        rehash();
      }
    } else {
      counts[slots[slot]]++;
    }
  }

  private int slot(byte[] s, int from, int to) {
    int slot = TextTable.hash(s, from, to) & slots.length - 1;
    while (slots[slot] >= 0) {
      int i = slots[slot];
      if (Arrays.equals(bytes, offsets[i], offsets[i + 1], s, from, to)) {
        break;
      }
      slot = slot + 1 & slots.length - 1;
    }
    return slot;
  }

  private int append(byte[] s, int from, int to) {
    int end = Math.addExact(offsets[size], to - from);
    if (end > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8, end + (end >> 1) + 16L));
    }
    if (size + 1 == counts.length) {
      counts = Arrays.copyOf(counts, size * 2 + 2);
      offsets = Arrays.copyOf(offsets, size * 2 + 2);
    }
    System.arraycopy(s, from, bytes, offsets[size], to - from);
    offsets[size + 1] = end;
    counts[size] = 1;
    return size++;
  }

  private void rehash() {
    slots = new int[slots.length * 2];
    Arrays.fill(slots, -1);
    for (int i = 0; i < size; i++) {
      slots[slot(bytes, offsets[i], offsets[i + 1])] = i;
    }
  }
}
