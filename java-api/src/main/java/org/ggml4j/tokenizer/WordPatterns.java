package org.ggml4j.tokenizer;

import static org.ggml4j.tokenizer.CharClass.LETTER;
import static org.ggml4j.tokenizer.CharClass.NUMBER;
import static org.ggml4j.tokenizer.CharClass.SPACE;
import static org.ggml4j.tokenizer.CharClass.WORD_OR_SPACE;

/**
 * The two families of word patterns that most byte-level BPE models use.
 *
 * <p>Source: the regular expressions published with GPT-2, Llama 3 and Qwen2, in the reading of
 * llama.cpp's {@code src/unicode.cpp}.
 */
final class WordPatterns {
  private WordPatterns() {}

  /** GPT-2: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}. */
  static void gpt2(byte[] s, int from, int to, PreTokenizer.Words out) {
    int p = from;
    while (p < to) {
      int end = s[p] == '\'' ? contraction(s, p, to, false) : p;
      if (end == p) {
        int first = s[p] == ' ' && p + 1 < to ? p + 1 : p;
        int cls = CharClass.at(s, first);
        if ((cls & SPACE) != 0) {
          end = spaces(s, p, to);
        } else if ((cls & LETTER) != 0) {
          end = run(s, first, to, LETTER);
        } else if ((cls & NUMBER) != 0) {
          end = run(s, first, to, NUMBER);
        } else {
          end = runWithout(s, first, to, WORD_OR_SPACE);
        }
      }
      out.word(s, p, end);
      p = end;
    }
  }

  /**
   * Llama 3 and Qwen2, which differ in how many digits make a word: {@code
   * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,maxDigits}|
   * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
   */
  static PreTokenizer llama3(int maxDigits) {
    return (s, from, to, out) -> {
      int p = from;
      while (p < to) {
        int end = llama3Word(s, p, to, maxDigits);
        out.word(s, p, end);
        p = end;
      }
    };
  }

  private static int llama3Word(byte[] s, int p, int to, int maxDigits) {
    if (s[p] == '\'') {
      int end = contraction(s, p, to, true);
      if (end > p) {
        return end;
      }
    }
    int cls = CharClass.at(s, p);
    int after = p + Utf8.length(s[p]);
    if ((cls & LETTER) != 0) {
      return run(s, after, to, LETTER);
    }
    if ((cls & NUMBER) != 0) {
      int end = after;
      for (int n = 1; n < maxDigits && end < to && (CharClass.at(s, end) & NUMBER) != 0; n++) {
        end += Utf8.length(s[end]);
      }
      return end;
    }
    boolean lineBreak = isLineBreak(s[p]);
    if (!lineBreak && after < to && (CharClass.at(s, after) & LETTER) != 0) {
      return run(s, after, to, LETTER);
    }
    int first = s[p] == ' ' && after < to ? after : p;
    if ((CharClass.at(s, first) & WORD_OR_SPACE) == 0) {
      int end = runWithout(s, first, to, WORD_OR_SPACE);
      while (end < to && isLineBreak(s[end])) {
        end++;
      }
      return end;
    }
    return spacesOrLines(s, p, to);
  }

  private static boolean isLineBreak(byte b) {
    return b == '\r' || b == '\n';
  }

  /** End of an English contraction that begins with the apostrophe at p, or p if there is none. */
  private static int contraction(byte[] s, int p, int to, boolean anyCase) {
    if (p + 1 >= to) {
      return p;
    }
    int a = anyCase ? lower(s[p + 1]) : s[p + 1];
    if (a == 's' || a == 't' || a == 'm' || a == 'd') {
      return p + 2;
    }
    if (p + 2 >= to) {
      return p;
    }
    int b = anyCase ? lower(s[p + 2]) : s[p + 2];
    boolean two = (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l');
    return two ? p + 3 : p;
  }

  private static int lower(byte b) {
    return b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b;
  }

  static int run(byte[] s, int from, int to, int classes) {
    int p = from;
    while (p < to && (CharClass.at(s, p) & classes) != 0) {
      p += Utf8.length(s[p]);
    }
    return p;
  }

  static int runWithout(byte[] s, int from, int to, int classes) {
    int p = from;
    while (p < to && (CharClass.at(s, p) & classes) == 0) {
      p += Utf8.length(s[p]);
    }
    return p;
  }

  /** {@code \s+(?!\S)|\s+}: leaves the last of several spaces to the word that follows. */
  private static int spaces(byte[] s, int from, int to) {
    int last = from;
    int p = from;
    while (p < to && (CharClass.at(s, p) & SPACE) != 0) {
      last = p;
      p += Utf8.length(s[p]);
    }
    return p == to || last == from ? p : last;
  }

  /** {@code \s*[\r\n]+|\s+(?!\S)|\s+}. */
  private static int spacesOrLines(byte[] s, int from, int to) {
    int afterLine = from;
    int last = from;
    int p = from;
    while (p < to && (CharClass.at(s, p) & SPACE) != 0) {
      last = p;
      if (isLineBreak(s[p])) {
        afterLine = p + 1;
      }
      p += Utf8.length(s[p]);
    }
    if (afterLine > from) {
      return afterLine;
    }
    return p == to || last == from ? p : last;
  }
}
