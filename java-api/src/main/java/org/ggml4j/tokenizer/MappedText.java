package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * Text that was rewritten for the vocabulary (a space as {@code ▁}, capitals as small letters),
 * with the byte of the source that each of its bytes comes from.
 *
 * <p>Not thread-safe; reused from word to word.
 */
final class MappedText {
  private static final int[] UNMAPPED = new int[0];

  private final boolean mapped;
  private byte[] bytes = new byte[64];
  private int[] source;
  private int size;

  /**
   * @param mapped whether sources are wanted; if not, all are 0
   */
  MappedText(boolean mapped) {
    this.mapped = mapped;
    this.source = mapped ? new int[65] : UNMAPPED;
  }

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  /** The text; valid until something is added. */
  byte[] bytes() {
    return bytes;
  }

  /** The byte of the source that byte {@code i} comes from, or the end of the source. */
  int source(int i) {
    return mapped ? source[i] : 0;
  }

  /** Where the source of the text so far ends. */
  void end(int sourceEnd) {
    if (mapped) {
      source[size] = sourceEnd;
    }
  }

  void add(byte b, int from) {
    reserve(1);
    put(b, from);
  }

  /** Adds bytes of the source as they are. */
  void copy(byte[] s, int from, int to) {
    reserve(to - from);
    System.arraycopy(s, from, bytes, size, to - from);
    for (int i = 0; mapped && i < to - from; i++) {
      source[size + i] = from + i;
    }
    size += to - from;
  }

  /** Adds bytes that all come from one place of the source. */
  void add(byte[] s, int begin, int end, int from) {
    reserve(end - begin);
    for (int i = begin; i < end; i++) {
      put(s[i], from);
    }
  }

  /** Adds the sign for a space. */
  void addSpace(int from) {
    add(Utf8.SPACE_SIGN, 0, Utf8.SPACE_SIGN.length, from);
  }

  void addCodePoint(int cp, int from) {
    reserve(4);
    int end = Utf8.put(cp, bytes, size);
    for (int i = size; mapped && i < end; i++) {
      source[i] = from;
    }
    size = end;
  }

  private void put(byte b, int from) {
    if (mapped) {
      source[size] = from;
    }
    bytes[size++] = b;
  }

  private void reserve(int more) {
    if (more > bytes.length - size) {
      int capacity = Capacity.grown(bytes.length, (long) size + more);
      bytes = Arrays.copyOf(bytes, capacity);
      if (mapped) {
        source = Arrays.copyOf(source, Math.min(Capacity.MAX, capacity) + 1);
      }
    }
  }
}
