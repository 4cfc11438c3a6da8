package org.ggml4j.jinja;

import java.util.Arrays;

/** Builds a {@link Text}, keeping the origin of what is appended. */
final class TextBuilder {
  private final StringBuilder chars = new StringBuilder();
  private final int max;
  private int[] flips = new int[8];
  private int n;

  /** A builder of short texts. */
  TextBuilder() {
    this(Integer.MAX_VALUE);
  }

  /** A builder that fails above a length. */
  TextBuilder(int max) {
    this.max = max;
  }

  int length() {
    return chars.length();
  }

  TextBuilder append(Text text) {
    return append(text, 0, text.length());
  }

  TextBuilder append(Text text, int from, int to) {
    if (from >= to) {
      return this;
    }
    int[] other = text.flips();
    int at = chars.length();
    int i = 0;
    while (i < other.length && other[i] <= from) {
      i++;
    }
    origin(i % 2 == 1, at);
    for (; i < other.length && other[i] < to; i++) {
      flip(other[i] - from + at);
    }
    chars.append(text.toString(), from, to);
    check();
    return this;
  }

  /** Appends characters of one origin. */
  TextBuilder append(String text, boolean message) {
    if (!text.isEmpty()) {
      origin(message, chars.length());
      chars.append(text);
      check();
    }
    return this;
  }

  /** Appends what the template wrote. */
  TextBuilder append(String text) {
    return append(text, false);
  }

  TextBuilder append(char c, boolean message) {
    origin(message, chars.length());
    chars.append(c);
    return this;
  }

  TextBuilder appendCodePoint(int c, boolean message) {
    origin(message, chars.length());
    chars.appendCodePoint(c);
    return this;
  }

  /** Appends a text several times. */
  TextBuilder repeat(Text text, long times) {
    if (times > 0 && text.length() > 0) {
      if (times * (double) text.length() + chars.length() > max) {
        throw tooLong();
      }
      for (long i = 0; i < times; i++) {
        append(text);
      }
    }
    return this;
  }

  private void origin(boolean message, int at) {
    if ((n % 2 == 1) != message) {
      flip(at);
    }
  }

  private void flip(int at) {
    if (n == flips.length) {
      flips = Arrays.copyOf(flips, 2 * n);
    }
    flips[n++] = at;
  }

  private void check() {
    if (chars.length() > max) {
      throw tooLong();
    }
  }

  private Failure tooLong() {
    return new Failure("the text grows beyond the limit of " + max + " characters");
  }

  Text toText() {
    return chars.isEmpty()
        ? Text.EMPTY
        : new Text(chars.toString(), Arrays.copyOf(flips, n), false);
  }
}
