package org.ggml4j.tokenizer;

/**
 * Cuts text into words that are tokenized apart. Ranges are bytes of well-formed UTF-8, cuts lie
 * between characters, and every byte belongs to one word.
 *
 * <p>Each is written by hand as one pass without backtracking, so that no text takes more than
 * linear time.
 */
@FunctionalInterface
interface PreTokenizer {
  /** Where words go. */
  @FunctionalInterface
  interface Words {
    void word(byte[] s, int from, int to);
  }

  void split(byte[] s, int from, int to, Words out);

  /** This, and then another on each of its words. */
  default PreTokenizer then(PreTokenizer next) {
    return (s, from, to, out) ->
        split(s, from, to, (bytes, start, end) -> next.split(bytes, start, end, out));
  }
}
