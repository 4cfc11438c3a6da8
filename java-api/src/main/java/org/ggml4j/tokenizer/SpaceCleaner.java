package org.ggml4j.tokenizer;

/**
 * Removes spaces that word-based tokenizers put before punctuation and around apostrophes.
 *
 * <p>Source: Hugging Face's {@code clean_up_tokenization_spaces}, in the reading of llama.cpp
 * {@code src/llama-vocab.cpp} (detokenize), whose three passes these are.
 */
final class SpaceCleaner {
  private SpaceCleaner() {}

  static void clean(ByteSink text) {
    byte[] s = text.array();
    int n = beforePunctuation(s, text.size());
    n = aroundApostrophe(s, n);
    text.truncate(beforeContraction(s, n));
  }

  /** {@code " ?"}, {@code " !"}, {@code " ."}, {@code " ,"} lose the space. */
  private static int beforePunctuation(byte[] s, int n) {
    int out = Math.min(n, 1);
    for (int i = 1; i < n; i++) {
      byte x = s[i];
      if (s[i - 1] == ' ' && (x == '?' || x == '!' || x == '.' || x == ',')) {
        out--;
      }
      s[out++] = x;
    }
    return out;
  }

  /** {@code " ' "} loses both spaces. */
  private static int aroundApostrophe(byte[] s, int n) {
    int out = Math.min(n, 1);
    for (int i = 1; i < n; i++) {
      byte x = s[i];
      if (x == '\'' && i + 1 < n && s[i - 1] == ' ' && s[i + 1] == ' ') {
        out--;
        s[++i] = 0;
      }
      s[out++] = x;
    }
    return out;
  }

  /** {@code " 's"}, {@code " 'm"}, {@code " 're"}, {@code " 've"} lose the space. */
  private static int beforeContraction(byte[] s, int n) {
    int out = Math.min(n, 1);
    for (int i = 1; i < n; i++) {
      byte x = s[i];
      if (s[i - 1] == ' ' && x == '\'' && i + 1 < n) {
        byte a = s[i + 1];
        boolean two = i + 2 < n && s[i + 2] == 'e' && (a == 'r' || a == 'v');
        if (a == 's' || a == 'm' || two) {
          out--;
        }
      }
      s[out++] = x;
    }
    return out;
  }
}
