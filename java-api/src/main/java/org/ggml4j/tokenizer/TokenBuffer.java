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

  /** Adds tokens whose place in the source is not asked for. */
  void addAll(int[] tokens) {
    for (int id : tokens) {
      add(id, 0, 0);
    }
  }

  /** Adds all tokens of another buffer of the same mode. */
  void addAll(TokenBuffer other) {
    if (mode != Mode.COUNT) {
      int total = Math.addExact(size, other.size);
      if (total > ids.length) {
        resize(Capacity.grown(size, total));
      }
      System.arraycopy(other.ids, 0, ids, size, other.size);
      if (mode == Mode.RANGES) {
        System.arraycopy(other.starts, 0, starts, size, other.size);
        System.arraycopy(other.ends, 0, ends, size, other.size);
      }
    }
    size += other.size;
  }

  /** Adds all tokens of another buffer, whose source is a rewritten text. */
  void addAll(TokenBuffer other, MappedText text) {
    if (mode == Mode.COUNT) {
      size += other.size;
      return;
    }
    for (int i = 0; i < other.size; i++) {
      boolean ranges = keepsRanges();
      add(
          other.ids[i],
          ranges ? text.source(other.starts[i]) : 0,
          ranges ? text.source(other.ends[i]) : 0);
    }
  }

  /** Widens tokens that cover something until, together, they cover the source. */
  void tile(int sourceEnd) {
    int end = 0;
    int last = -1;
    for (int i = 0; i < size; i++) {
      if (ends[i] > starts[i]) {
        starts[i] = Math.min(starts[i], end);
        end = ends[i];
        last = i;
      }
    }
    if (last >= 0) {
      ends[last] = sourceEnd;
    }
  }

  /** An empty buffer that keeps the same things. */
  TokenBuffer another() {
    return new TokenBuffer(mode, 0);
  }

  void clear() {
    size = 0;
  }

  /** Whether the source bytes of tokens are asked for. */
  boolean keepsRanges() {
    return mode == Mode.RANGES;
  }

  private void grow() {
    resize(Capacity.grown(size, size + 1L));
  }

  private void resize(int capacity) {
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
