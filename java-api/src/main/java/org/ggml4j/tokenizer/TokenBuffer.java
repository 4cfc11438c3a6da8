package org.ggml4j.tokenizer;

import java.util.Arrays;

/** Grows with the tokens of one call; may also keep the source bytes of each, or only count. */
final class TokenBuffer {
  enum Mode {
    COUNT,
    IDS,
    RANGES
  }

  private static final int[] NONE = new int[0];

  private final Mode mode;
  private int[] ids;
  private int[] starts;
  private int[] ends;
  private int size;

  TokenBuffer(Mode mode, int expected) {
    this.mode = mode;
    this.ids = mode == Mode.COUNT ? NONE : new int[Math.max(8, expected)];
    this.starts = mode == Mode.RANGES ? new int[ids.length] : NONE;
    this.ends = mode == Mode.RANGES ? new int[ids.length] : NONE;
  }

  /** Adds a token that covers the source's bytes {@code start} to {@code end}. */
  void add(int id, int start, int end) {
    if (mode != Mode.COUNT) {
      if (size == ids.length) {
        grow();
      }
      ids[size] = id;
      if (mode == Mode.RANGES) {
        starts[size] = start;
        ends[size] = end;
      }
    }
    size++;
  }

  private void grow() {
    int capacity = (int) Math.min(Integer.MAX_VALUE - 8, (long) size + (size >> 1) + 16);
    ids = Arrays.copyOf(ids, capacity);
    if (mode == Mode.RANGES) {
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
    }
  }

  int size() {
    return size;
  }

  int id(int i) {
    return ids[i];
  }

  int start(int i) {
    return starts[i];
  }

  int end(int i) {
    return ends[i];
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }
}
