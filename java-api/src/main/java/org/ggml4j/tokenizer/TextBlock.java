package org.ggml4j.tokenizer;

import java.util.List;

/**
 * Byte strings numbered from 0, one after another in one array, as GGUF stores them: before each,
 * its length in 8 bytes.
 */
final class TextBlock {
  private static final int HEADER = Long.BYTES;

  private final byte[] bytes;
  private final int[] starts;

  /**
   * Takes over a block.
   *
   * @param bytes as {@code GgufMetadata.getStringBlock} gives it
   */
  TextBlock(byte[] bytes, int count) {
    this.bytes = bytes;
    this.starts = new int[count];
    int at = 0;
    for (int i = 0; i < count; i++) {
      // No string comes near 2 GiB, so the upper half of the length is 0.
      int length =
          (bytes[at] & 0xFF)
              | (bytes[at + 1] & 0xFF) << 8
              | (bytes[at + 2] & 0xFF) << 16
              | (bytes[at + 3] & 0xFF) << 24;
      at += HEADER;
      starts[i] = at;
      at += length;
    }
  }

  static TextBlock of(List<byte[]> texts) {
    ByteSink out = new ByteSink();
    for (byte[] text : texts) {
      for (int i = 0; i < HEADER; i++) {
        out.add((byte) ((long) text.length >>> 8 * i));
      }
      out.add(text, 0, text.length);
    }
    return new TextBlock(out.toByteArray(), texts.size());
  }

  int size() {
    return starts.length;
  }

  byte[] bytes() {
    return bytes;
  }

  int start(int i) {
    return starts[i];
  }

  int end(int i) {
    return i + 1 < starts.length ? starts[i + 1] - HEADER : bytes.length;
  }

  int length(int i) {
    return end(i) - starts[i];
  }
}
