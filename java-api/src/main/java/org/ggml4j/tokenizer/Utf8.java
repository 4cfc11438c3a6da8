package org.ggml4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** UTF-8 as the scanners need it: text in, well-formed bytes out, code points by byte position. */
final class Utf8 {
  static final int REPLACEMENT = 0xFFFD;

  /** U+2581, by which SentencePiece writes a space. */
  static final int SPACE_CODE_POINT = 0x2581;

  /** The same in UTF-8. */
  static final byte[] SPACE_SIGN = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

  private Utf8() {}

  /**
   * Well-formed UTF-8 of any text; a lone surrogate becomes U+FFFD.
   *
   * @throws IllegalArgumentException if it takes more bytes than an array holds
   */
  static byte[] encode(CharSequence text) {
    int chars = text.length();
    long bytes = 0;
    boolean lone = false;
    for (int i = 0; i < chars; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes++;
      } else if (c < 0x800) {
        bytes += 2;
      } else if (!Character.isSurrogate(c)) {
        bytes += 3;
      } else if (isPair(text, i)) {
        bytes += 4;
        i++;
      } else {
        bytes += 3;
        lone = true;
      }
    }
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "text of " + bytes + " bytes in UTF-8 is too long: encode it in parts below 2 GiB");
    }
    if (!lone) {
      // The library's encoder is vectorized, but it would write '?' for a lone surrogate.
      return text.toString().getBytes(StandardCharsets.UTF_8);
    }
    byte[] out = new byte[(int) bytes];
    int at = 0;
    for (int i = 0; i < chars; i++) {
      char c = text.charAt(i);
      int cp = c;
      if (Character.isSurrogate(c)) {
        if (isPair(text, i)) {
          cp = Character.toCodePoint(c, text.charAt(++i));
        } else {
          cp = REPLACEMENT;
        }
      }
      at = put(cp, out, at);
    }
    return out;
  }

  private static boolean isPair(CharSequence text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        && i + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(i + 1));
  }

  /** Writes a code point and returns the position after it. */
  static int put(int cp, byte[] out, int at) {
    int p = at;
    if (cp < 0x80) {
      out[p++] = (byte) cp;
    } else if (cp < 0x800) {
      out[p++] = (byte) (0xC0 | cp >> 6);
      out[p++] = (byte) (0x80 | (cp & 0x3F));
    } else if (cp < 0x10000) {
      out[p++] = (byte) (0xE0 | cp >> 12);
      out[p++] = (byte) (0x80 | (cp >> 6 & 0x3F));
      out[p++] = (byte) (0x80 | (cp & 0x3F));
    } else {
      out[p++] = (byte) (0xF0 | cp >> 18);
      out[p++] = (byte) (0x80 | (cp >> 12 & 0x3F));
      out[p++] = (byte) (0x80 | (cp >> 6 & 0x3F));
      out[p++] = (byte) (0x80 | (cp & 0x3F));
    }
    return p;
  }

  /** Bytes of the character that a lead byte begins. */
  static int length(byte lead) {
    if (lead >= 0) {
      return 1;
    }
    int b = lead & 0xFF;
    return b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
  }

  /** Code point at a character's first byte, in well-formed UTF-8. */
  static int codePoint(byte[] s, int p) {
    int b = s[p];
    if (b >= 0) {
      return b;
    }
    b &= 0xFF;
    if (b < 0xE0) {
      return (b & 0x1F) << 6 | (s[p + 1] & 0x3F);
    }
    if (b < 0xF0) {
      return (b & 0x0F) << 12 | (s[p + 1] & 0x3F) << 6 | (s[p + 2] & 0x3F);
    }
    return (b & 0x07) << 18 | (s[p + 1] & 0x3F) << 12 | (s[p + 2] & 0x3F) << 6 | (s[p + 3] & 0x3F);
  }

  /** Whether bytes are UTF-8 throughout. */
  static boolean isWellFormed(byte[] s, int from, int to) {
    for (int p = from; p < to; p++) {
      if (s[p] < 0) {
        String text = new String(s, from, to - from, StandardCharsets.UTF_8);
        return Arrays.equals(
            text.getBytes(StandardCharsets.UTF_8), Arrays.copyOfRange(s, from, to));
      }
    }
    return true;
  }

  /** Whether the sign for a space stands at a position. */
  static boolean isSpaceSign(byte[] s, int p, int to) {
    return to - p >= 3
        && s[p] == SPACE_SIGN[0]
        && s[p + 1] == SPACE_SIGN[1]
        && s[p + 2] == SPACE_SIGN[2];
  }

  /** Appends text in which the sign for a space is one again. */
  static void unescapeSpaces(byte[] s, int from, int to, ByteSink out) {
    for (int p = from; p < to; ) {
      if (isSpaceSign(s, p, to)) {
        out.add((byte) ' ');
        p += 3;
      } else {
        out.add(s[p++]);
      }
    }
  }

  /**
   * How many bytes at the end of a buffer begin a character that more bytes may still complete: 0
   * to 3. Bytes that can no longer become well-formed are not counted (Unicode, table 3-7).
   */
  static int unfinished(byte[] s, int from, int to) {
    for (int n = 1; n <= 3 && to - n >= from; n++) {
      int lead = s[to - n] & 0xFF;
      if (lead < 0x80) {
        return 0;
      }
      if (lead < 0xC0) {
        continue;
      }
      int need = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
      if (n >= need) {
        return 0;
      }
      if (n > 1) {
        int second = s[to - n + 1] & 0xFF;
        boolean bad =
            (lead == 0xE0 && second < 0xA0)
                || (lead == 0xF0 && second < 0x90)
                || (lead == 0xF4 && second > 0x8F);
        if (bad) {
          return 0;
        }
      }
      return n;
    }
    return 0;
  }
}
