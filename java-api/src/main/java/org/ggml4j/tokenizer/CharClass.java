package org.ggml4j.tokenizer;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Classes of code points as pre-tokenizers ask for them.
 *
 * <p>Categories come from {@link Character}, but frozen at Unicode 15.1, which llama.cpp's table
 * ({@code src/unicode-data.cpp}) has: a code point that a later version assigned is still
 * unassigned here, so that tokens do not depend on the JDK.
 */
final class CharClass {
  static final int LETTER = 1;
  static final int NUMBER = 2;
  static final int SPACE = 4;
  static final int PUNCTUATION = 8;
  static final int SYMBOL = 16;
  static final int MARK = 32;

  /** Controls that are no white space, format characters, private use, surrogates. */
  static final int CONTROL = 64;

  static final int UNASSIGNED = 128;

  /** The bit of each class; a character has exactly one. */
  static final int COUNT = 8;

  private static final int PAGE_BITS = 8;
  private static final int PAGE = 1 << PAGE_BITS;

  private static final byte[] ASCII = page(0);

  // Pages are filled when first needed; two threads may fill one at once and get the same bytes.
  private static final AtomicReferenceArray<byte[]> PAGES =
      new AtomicReferenceArray<>((Character.MAX_CODE_POINT + 1) >> PAGE_BITS);

  private CharClass() {}

  /** Class of the character that begins at a position of well-formed UTF-8. */
  static int at(byte[] s, int p) {
    byte b = s[p];
    return b >= 0 ? ASCII[b] : of(Utf8.codePoint(s, p));
  }

  /**
   * Whether Unicode 15.1 knows a code point, and not only a newer version that the JDK may have.
   */
  static boolean isAssigned(int cp) {
    return of(cp) != UNASSIGNED;
  }

  static int of(int cp) {
    byte[] page = PAGES.getAcquire(cp >> PAGE_BITS);
    if (page == null) {
      page = page(cp >> PAGE_BITS);
      PAGES.setRelease(cp >> PAGE_BITS, page);
    }
    return page[cp & PAGE - 1] & 0xFF;
  }

  private static byte[] page(int index) {
    byte[] page = new byte[PAGE];
    for (int i = 0; i < PAGE; i++) {
      page[i] = (byte) classify(index << PAGE_BITS | i);
    }
    return page;
  }

  private static int classify(int cp) {
    if (isSpace(cp)) {
      return SPACE;
    }
    if (cp >= Unassigned.FIRST && Unassigned.contains(cp)) {
      return UNASSIGNED;
    }
    return switch (Character.getType(cp)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          MARK;
      case Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.CONNECTOR_PUNCTUATION,
          Character.OTHER_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION ->
          PUNCTUATION;
      case Character.MATH_SYMBOL,
          Character.CURRENCY_SYMBOL,
          Character.MODIFIER_SYMBOL,
          Character.OTHER_SYMBOL ->
          SYMBOL;
      case Character.UNASSIGNED -> UNASSIGNED;
      default -> CONTROL;
    };
  }

  private static boolean isSpace(int cp) {
    return (cp >= 9 && cp <= 13)
        || cp == 0x20
        || cp == 0x85
        || cp == 0xA0
        || cp == 0x1680
        || (cp >= 0x2000 && cp <= 0x200A)
        || cp == 0x2028
        || cp == 0x2029
        || cp == 0x202F
        || cp == 0x205F
        || cp == 0x3000;
  }

  /** Code points that Unicode 15.1 leaves unassigned. */
  private static final class Unassigned {
    static final int FIRST = 0x378;

    // Per range, in hexadecimal: distance from the end of the range before, then its length unless
    // 1.
    private static final String RANGES =
        """
        378.2 6.4 7 1 14 18d 26.2 32.2 3 37.8 1b.4 6.b 10e 3c.2 65.e 3b.2 31.2 f 1c.2 1 b.5 1f \
        2.6 ec 8.2 2.2 16 7 1.3 4.2 9.2 2.2 4.8 1.4 2 5.2 19.2 3 6.4 2.2 16 7 2 2 2.2 1 5.4 2.2 \
        3.3 1.7 4 1.7 11.a 3 9 3 16 7 2 5.2 a 3 3.2 1.f 4.2 c.7 7 3 8.2 2.2 16 7 2 5.2 9.2 2.2 \
        3.7 3.4 2 5.2 12.a 2 6.3 3 4.3 2 1 2.3 2.3 3.3 c.4 5.3 3 4.2 1.6 1.e 15.5 d 3 17 10.2 9 3 \
        4.7 2 3.2 1.2 4.2 a.7 16 3 17 a 5.2 9 3 4.7 2.6 2 4.2 a 3.c d 3 33 3 6.4 10.2 1a 3 12.3 \
        18 9 1.2 7.3 1.4 6 1 8.6 a.2 3.c 3a.4 1d.25 2 1 5 18 1 17.2 5 1 7 a.2 4.20 48 24.4 27 24 \
        f d.25 c6 1.5 1.2 179 4.2 7 1 4.2 29 4.2 21 4.2 7 1 4.2 f 39 4.2 43.2 20.3 1a.6 56.2 6.2 \
        29d.3 59.7 16.9 18.9 14.c d 3 2.c 5e.2 a.6 a.6 1a.6 59.7 2b.5 46.a 1f c.4 c.4 1.3 2a.2 \
        5.b 2c.4 1a.6 b.3 3e.2 41 1d.2 b.6 a.6 e.2 1f.31 4d.3 2f 74.8 3c.3 f.3 3c.7 2b.2 b.8 2b.5 \
        216.2 6.2 26.2 6.2 8 1 1 1 1f.2 35 f e.2 6 13.2 3 9 65 c.2 1b d.3 21.f 21.f 8c.4 297.19 \
        b.15 714.2 20 15d.5 2d 1.5 1.2 38.7 2.e 18.9 7 7 7 7 7 7 7 7 7e.22 1a 59.c d6.1a 50 56.2 \
        67.5 2b 5e 54.b 30 726d.3 37.9 15c.14 b8.8 cb.5 2 1 5.18 3b.3 a.6 38.8 46.8 c.6 74.b 1e.3 \
        4e b.4 21 37.9 e.2 a.2 67.18 1c.a 6.2 6.2 6.9 7 7 3c.4 7e.2 a.6 2ba4.c 17.4 31.4 226e.2 \
        6a.26 7.c 5.5 1a 5 1 2 2 7d.10 1bd.2 36.7 1.20 2a.6 33 13 4.4 5 87.2 1 be.3 6.2 6.2 6.2 \
        3.3 7 7.a 5.2 c 1a 13 2 f.2 e.22 7b.5 3.4 2d.3 58 d.3 1.2f 2e.82 1d.3 31.f 1c.4 24.9 1e.5 \
        2b.5 1e 25.4 e.2a 9e.2 a.6 24.4 24.4 28.8 34.b c f 7 2 b f 7 2.43 137.9 16.a 8.18 6 2a \
        9.45 6.2 1 2c 2.3 1.2 17 48.8 9.30 13 2.5 21.3 1b.5 1.40 38.4 14.2 32 2.5 8 3 1d.2 3.4 \
        a.7 9.7 40.20 27.4 c.9 36.3 1d.2 1b.5 1a.7 4.c 7.50 49.37 33.d 33.7 2e.8 a.126 1f 2a 3.2 \
        2.4b 2b.8 2a.16 1a.26 1c.14 17.9 4e.4 24.9 44.a 1.2 19.7 a.6 35 12.8 27.9 60 14.b 12 \
        2f.3e 7 1 4 f b.6 3b.5 a.6 4 8.2 2.2 16 7 2 5 a.2 2.2 3.2 1.6 1.5 7.2 7.3 5.8b 5c 5.1e \
        48.8 a.a6 36.2 26.22 45.b a.6 d.13 3a.6 a.36 1b.2 f.4 17.b9 3c.64 53.c 8.2 1.2 8 2 1e 2.2 \
        c.9 a.46 8.2 2e.2 b.1b 48.8 53.d 49.7 a.f6 9 2d e.a 1d.3 20.2 16 e.49 7 2 2c.3 1 2 9.8 \
        a.6 6 2 25 2 6.7 a.136 19.7 11 29.3 1c.56 1.f 32.d 39b.66 6f 5.b c4.a4c 63.d 456.faa \
        247.21b9 239.7 1f a.4 51 a.6 1e.2 6.a 46.a a 7 15.5 13.2b0 5b.65 4b.4 39.7 11.40 5.b 2.e \
        17f8.8 4d6.2a 9.22e7 4 7 2 123.f 1.1d 3.2 1.e 4.8 18c.904 6b.5 d.3 9.7 a.2 8.125c 2e.2 \
        17.9 74.3c f6.a 27.2 c2.15 46.7a 14.c 14.c 57.9 19.87 55 47 2.2 1.2 2.2 4 c 1 7 41 4.2 8 \
        7 1c 4 5 1.3 7 154.2 124.2 2be.f 5 f.450 1f.6 6.d5 7 11.2 7 2 5.5 3e.21 1.70 2d.3 e.2 a.4 \
        2.140 1f.11 3a.5 1.1d0 2a.2e6 7 4 2 f c5.2 10.29 4c.4 a.4 2.311 44.4c 3d.c2 4 1b 2 1.2 1 \
        a 4 1 1.6 1.4 1 1 1 3 2 1.2 1 1 1 1 1 2 1.2 4 7 4 4 1 a 11.5 3 5 11.34 2.10e 2c.4 64.c \
        f.2 f f 25.a ae.38 1d.d 2c.4 9.7 2.e 6.9a 3d8.4 11.3 d.3 77.4 5f.6 c.4 1.f c.4 38.8 a.6 \
        28.8 1e.2 2.4e 154.c e.2 d.3 9.7 2e 7.8 e.4 9.7 9.7 93 37.25 a.406 a6e0.20 103a.6 de.2 \
        1682.e 1d31.f 26e.9a2 21e.5e2 134b.5 1060.adc51 1.1e 60.80 f0.fe10 fffe.2 fffe.2
        """;

    private static final int[] STARTS;
    private static final int[] ENDS;

    static {
      String[] ranges = RANGES.trim().split("\\s+");
      STARTS = new int[ranges.length];
      ENDS = new int[ranges.length];
      int end = 0;
      for (int i = 0; i < ranges.length; i++) {
        int dot = ranges[i].indexOf('.');
        String distance = dot < 0 ? ranges[i] : ranges[i].substring(0, dot);
        STARTS[i] = end + Integer.parseInt(distance, 16);
        end = STARTS[i] + (dot < 0 ? 1 : Integer.parseInt(ranges[i].substring(dot + 1), 16));
        ENDS[i] = end;
      }
    }

    static boolean contains(int cp) {
      int i = Arrays.binarySearch(STARTS, cp);
      return i >= 0 || (i < -1 && cp < ENDS[-i - 2]);
    }
  }
}
