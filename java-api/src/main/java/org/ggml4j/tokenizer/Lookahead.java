package org.ggml4j.tokenizer;

/**
 * The word patterns that look ahead without limit, so that no {@link WordPattern} can express them.
 * Each is one pass.
 *
 * <p>Source: llama.cpp {@code src/unicode.cpp}.
 */
final class Lookahead {
  private Lookahead() {}

  /** White space at the end: {@code \s+$}. */
  static void trailingSpace(byte[] s, int from, int to, PreTokenizer.Words out) {
    int end = from;
    for (int p = from; p < to; ) {
      boolean space = CharClass.at(s, p) == CharClass.SPACE;
      p += Utf8.length(s[p]);
      if (!space) {
        end = p;
      }
    }
    emit(s, from, end, out);
    emit(s, end, to, out);
  }

  /**
   * A cut wherever a multiple of three ASCII digits follows and then no digit: {@code
   * (?=(\d{3})+(?!\d))}.
   */
  static void thousands(byte[] s, int from, int to, PreTokenizer.Words out) {
    int begin = from;
    int p = from;
    while (p < to) {
      int digits = p;
      while (digits < to && s[digits] >= '0' && s[digits] <= '9') {
        digits++;
      }
      for (int cut = digits - (digits - p) / 3 * 3; cut < digits; cut += 3) {
        emit(s, begin, cut, out);
        begin = cut;
      }
      p = digits + 1;
    }
    emit(s, begin, to, out);
  }

  /**
   * Numbers in groups of three, counted from the right: {@code \d{1,3}(?=(?:\d{3})*\b)}, of any
   * script. Text before a number stays joined to its first group, as in llama.cpp, where later
   * patterns cut it off.
   */
  static void groupsFromRight(byte[] s, int from, int to, PreTokenizer.Words out) {
    int begin = from;
    int p = from;
    while (p < to) {
      int end = p;
      int count = 0;
      while (end < to && CharClass.at(s, end) == CharClass.NUMBER) {
        end += Utf8.length(s[end]);
        count++;
      }
      for (int i = 1; i <= count; i++) {
        p += Utf8.length(s[p]);
        if ((count - i) % 3 == 0) {
          out.word(s, begin, p);
          begin = p;
        }
      }
      if (p < to) {
        p += Utf8.length(s[p]);
      }
    }
    emit(s, begin, to, out);
  }

  private static void emit(byte[] s, int from, int to, PreTokenizer.Words out) {
    if (from < to) {
      out.word(s, from, to);
    }
  }
}
