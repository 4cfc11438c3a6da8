package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * GPT-2's way of writing bytes as printable characters, so that a vocabulary of byte strings is one
 * of text. A byte that is a printable Latin-1 character stands for itself, the others are numbered
 * from U+0100 on.
 *
 * <p>Source: GPT-2's {@code encoder.py}; llama.cpp {@code src/unicode.cpp}.
 */
final class ByteLevel {
  private static final int LIMIT = 0x144;
  private static final char[] CHAR_OF_BYTE = new char[256];
  private static final short[] BYTE_OF_CHAR = new short[LIMIT];

  static {
    Arrays.fill(BYTE_OF_CHAR, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      int c = printable ? b : next++;
      CHAR_OF_BYTE[b] = (char) c;
      BYTE_OF_CHAR[c] = (short) b;
    }
  }

  private ByteLevel() {}

  /** The character that stands for a byte. */
  static char charOf(int unsignedByte) {
    return CHAR_OF_BYTE[unsignedByte];
  }

  /** The byte that a character stands for, or -1. */
  static int byteOf(int cp) {
    return cp < LIMIT ? BYTE_OF_CHAR[cp] : -1;
  }

  /**
   * Writes bytes in this way, as UTF-8, and returns the position after them; 2 bytes each at most.
   */
  static int encode(byte[] s, int from, int to, byte[] out, int at) {
    int p = at;
    for (int i = from; i < to; i++) {
      p = Utf8.put(CHAR_OF_BYTE[s[i] & 0xFF], out, p);
    }
    return p;
  }
}
