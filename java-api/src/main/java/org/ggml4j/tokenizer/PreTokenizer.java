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

  /**
   * Cuts out the words that begin before {@code stop}, just as {@link #split} would cut the whole.
   *
   * @return where the next word begins; {@code to}, with all words cut out, if this can't stop
   */
  default int splitUntil(byte[] s, int from, int stop, int to, Words out) {
    split(s, from, to, out);
    return to;
  }

  /** This, and then another on each of its words. */
  default PreTokenizer then(PreTokenizer next) {
    PreTokenizer outer = this;
    return new PreTokenizer() {
      @Override
      public void split(byte[] s, int from, int to, Words out) {
        outer.split(s, from, to, (bytes, start, end) -> next.split(bytes, start, end, out));
      }

      @Override
      public int splitUntil(byte[] s, int from, int stop, int to, Words out) {
        return outer.splitUntil(
            s, from, stop, to, (bytes, start, end) -> next.split(bytes, start, end, out));
      }
    };
  }
}
