package org.ggml4j.tokenizer;

import java.util.Arrays;

/** Bytes of decoded text. */
final class ByteSink {
  private byte[] bytes = new byte[64];
  private int size;

  void add(byte b) {
    if (size == bytes.length) {
      reserve(1);
    }
    bytes[size++] = b;
  }

  void add(byte[] source, int from, int to) {
    reserve(to - from);
    System.arraycopy(source, from, bytes, size, to - from);
    size += to - from;
  }

  void addCodePoint(int cp) {
    reserve(4);
    size = Utf8.put(cp, bytes, size);
  }

  private void reserve(int more) {
    if (more > bytes.length - size) {
      bytes = Arrays.copyOf(bytes, Capacity.grown(bytes.length, (long) size + more));
    }
  }

  byte[] array() {
    return bytes;
  }

  int size() {
    return size;
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** Drops the first {@code count} bytes. */
  void discard(int count) {
    System.arraycopy(bytes, count, bytes, 0, size - count);
    size -= count;
  }

  /** Drops everything from {@code newSize} on. */
  void truncate(int newSize) {
    size = newSize;
  }
}
