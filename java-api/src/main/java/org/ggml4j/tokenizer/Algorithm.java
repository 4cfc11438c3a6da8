package org.ggml4j.tokenizer;

/**
 * One way of tokenizing: how text without added tokens becomes tokens, and what an ordinary token
 * prints. Immutable; what a call needs to remember is in its {@link Encoder}.
 */
sealed interface Algorithm permits BytePairAlgorithm, SentencePieceAlgorithm {
  /** The state of one call. */
  interface Encoder {
    /**
     * Appends the tokens of a stretch of text.
     *
     * @param first whether it begins the text or follows an added token
     */
    void encode(byte[] s, int from, int to, boolean first);
  }

  Encoder encoder(TokenBuffer out);

  /** Appends what a token of type NORMAL with this stored text prints. */
  void print(byte[] text, int from, int to, ByteSink out);
}
