package org.ggml4j.tokenizer;

import org.ggml4j.gguf.GgufFormatException;

/**
 * SentencePiece's precompiled character map: which beginnings of a text are replaced, and by what.
 *
 * <p>The beginnings are in an XOR-compressed double array (XCDA): unit {@code i} holds a label in
 * bits 0 to 7 (bit 31 set: a value instead), whether a value follows in bit 8, and the offset to
 * its children in bits 10 to 30, times 256 if bit 9 is set. The replacements stand behind it, each
 * ended by a zero.
 *
 * <p>Source: Kanda 2018, "Space- and Time-Efficient String Dictionaries"; SentencePiece {@code
 * src/normalizer.cc}; llama.cpp {@code src/llama-vocab.cpp}. Immutable. What points outside the
 * map, in a damaged one, matches nothing.
 */
final class CharacterMap {
  static final String KEY = "tokenizer.ggml.precompiled_charsmap";

  private static final int HEADER = Integer.BYTES;

  private final byte[] map;
  private final int units;
  private final int replacements;

  private CharacterMap(byte[] map, int unitBytes) {
    this.map = map;
    this.units = unitBytes / Integer.BYTES;
    this.replacements = HEADER + unitBytes;
  }

  /** The map that replaces nothing. */
  static CharacterMap none() {
    return new CharacterMap(new byte[HEADER], 0);
  }

  /**
   * @param map its bytes in the file
   */
  static CharacterMap of(byte[] map) throws GgufFormatException {
    long unitBytes = map.length < HEADER ? -1 : intAt(map, 0) & 0xFFFF_FFFFL;
    if (unitBytes < 0 || HEADER + unitBytes >= map.length) {
      throw VocabLoader.problem(
          KEY,
          "is "
              + map.length
              + " bytes, but its first four say that "
              + unitBytes
              + " bytes of units and then replacements follow");
    }
    if (map[map.length - 1] != 0) {
      throw VocabLoader.problem(KEY, "its last replacement is not ended by a zero byte");
    }
    return new CharacterMap(map, (int) unitBytes);
  }

  private static int intAt(byte[] s, int at) {
    return (s[at] & 0xFF)
        | (s[at + 1] & 0xFF) << 8
        | (s[at + 2] & 0xFF) << 16
        | (s[at + 3] & 0xFF) << 24;
  }

  private int unit(int index) {
    return index >= 0 && index < units ? intAt(map, HEADER + Integer.BYTES * index) : -1;
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 0x200) >>> 6);
  }

  /**
   * The longest beginning of a text that is replaced.
   *
   * @return its length in bytes in the upper half and where its replacement begins in {@link
   *     #bytes} in the lower; 0 if there is none
   */
  long longest(byte[] s, int from, int to) {
    long found = 0;
    if (units == 0) {
      return found;
    }
    int node = offset(unit(0));
    for (int p = from; p < to && s[p] != 0; p++) {
      int label = s[p] & 0xFF;
      node ^= label;
      int unit = unit(node);
      if ((unit & 0x8000_00FF) != label) {
        break;
      }
      node ^= offset(unit);
      if ((unit & 0x100) != 0) {
        int value = replacements + (unit(node) & Integer.MAX_VALUE);
        if (value >= replacements && value < map.length) {
          found = (long) (p + 1 - from) << 32 | value;
        }
      }
    }
    return found;
  }

  /** The array in which replacements stand. */
  byte[] bytes() {
    return map;
  }

  /** Where a replacement ends. */
  int replacementEnd(int begin) {
    int p = begin;
    while (map[p] != 0) {
      p++;
    }
    return p;
  }
}
