package org.ggml4j.tokenizer;

import java.util.function.IntPredicate;

/** Pre-tokenizer stages that cut out what matches and leave the text between as it is. */
final class Isolate {
  private Isolate() {}

  /** Every number character on its own: {@code \p{N}}. */
  static PreTokenizer eachNumber() {
    return (s, from, to, out) -> {
      int begin = from;
      int p = from;
      while (p < to) {
        int after = p + Utf8.length(s[p]);
        if ((CharClass.at(s, p) & CharClass.NUMBER) != 0) {
          emit(s, begin, p, out);
          out.word(s, p, after);
          begin = after;
        }
        p = after;
      }
      emit(s, begin, to, out);
    };
  }

  /** Runs of one class, such as {@code \p{N}+}. */
  static PreTokenizer runs(int classes) {
    return runs(classes, cp -> false);
  }

  /** Runs of one class and some more characters, such as {@code [\p{P}\$\+]+}. */
  static PreTokenizer runs(int classes, IntPredicate orCodePoint) {
    return (s, from, to, out) -> {
      int begin = from;
      boolean inside = false;
      int p = from;
      while (p < to) {
        boolean matches =
            (CharClass.at(s, p) & classes) != 0 || orCodePoint.test(Utf8.codePoint(s, p));
        if (matches != inside) {
          emit(s, begin, p, out);
          begin = p;
          inside = matches;
        }
        p += Utf8.length(s[p]);
      }
      emit(s, begin, to, out);
    };
  }

  /** Three ASCII digits at a time, from the left: {@code [0-9][0-9][0-9]}. */
  static PreTokenizer threeDigits() {
    return (s, from, to, out) -> {
      int begin = from;
      int p = from;
      while (p + 3 <= to) {
        if (isDigit(s[p]) && isDigit(s[p + 1]) && isDigit(s[p + 2])) {
          emit(s, begin, p, out);
          out.word(s, p, p + 3);
          p += 3;
          begin = p;
        } else {
          p++;
        }
      }
      emit(s, begin, to, out);
    };
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  private static void emit(byte[] s, int from, int to, PreTokenizer.Words out) {
    if (from < to) {
      out.word(s, from, to);
    }
  }
}
