package org.ggml4j.tokenizer;

/**
 * One way of tokenizing: how text without added tokens becomes tokens, and what a token prints.
 * Immutable; what a call needs to remember is in its {@link Encoder}.
 */
sealed interface Algorithm
    permits BytePairAlgorithm,
        DnaAlgorithm,
        GreedyAlgorithm,
        HashAlgorithm,
        LatticeAlgorithm,
        NoAlgorithm,
        SentencePieceAlgorithm,
        UnigramAlgorithm,
        Utf8PairAlgorithm,
        WhitespaceAlgorithm,
        WordPieceAlgorithm {
  /** The state of one call. */
  interface Encoder {
    /**
     * Appends the tokens of a stretch of text.
     *
     * @param first whether it begins the text or follows an added token
     */
    void encode(byte[] s, int from, int to, boolean first);

    /**
     * Appends the tokens of the words that begin before {@code stop}, as they are in the whole.
     *
     * @return where the next word begins, so that what follows has the tokens that it has by
     *     itself; {@code to}, with all tokens appended, if this can't stop
     */
    default int encodeUntil(byte[] s, int from, int stop, int to, boolean first) {
      encode(s, from, to, first);
      return to;
    }
  }

  /** An encoder of words that are tokenized apart. */
  static Encoder ofWords(PreTokenizer words, PreTokenizer.Words work) {
    return new Encoder() {
      @Override
      public void encode(byte[] s, int from, int to, boolean first) {
        words.split(s, from, to, work);
      }

      @Override
      public int encodeUntil(byte[] s, int from, int stop, int to, boolean first) {
        return words.splitUntil(s, from, stop, to, work);
      }
    };
  }

  Encoder encoder(TokenBuffer out);

  /** Appends what a token prints, unless it is special and hidden. */
  default void print(int id, TokenType type, byte[] text, int from, int to, ByteSink out) {
    switch (type) {
      case NORMAL -> printText(text, from, to, out);
      case CONTROL, UNKNOWN, USER_DEFINED -> out.add(text, from, to);
      case BYTE -> out.add((byte) byteValue(text, from, to));
      case UNUSED, UNDEFINED -> {}
    }
  }

  /** Appends what a token of type NORMAL with this stored text prints. */
  void printText(byte[] text, int from, int to, ByteSink out);

  /** Value of {@code <0xNN>}; 0 if it is written in another way. */
  static int byteValue(byte[] text, int from, int to) {
    if (to - from < 5) {
      return 0;
    }
    int high = Character.digit(text[from + 3], 16);
    int low = Character.digit(text[from + 4], 16);
    return high < 0 ? 0 : low < 0 ? high : high << 4 | low;
  }
}
