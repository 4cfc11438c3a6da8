package org.ggml4j.tokenizer;

import org.ggml4j.gguf.UnsupportedModelException;

/**
 * The tokenizer {@code none} (or {@code no_vocab}) of models that take no text: tokens have numbers
 * but print nothing.
 */
final class NoAlgorithm implements Algorithm {
  @Override
  public Encoder encoder(TokenBuffer out) {
    throw new UnsupportedModelException(
        "this model has no tokenizer (tokenizer.ggml.model is none): it takes token ids, not text");
  }

  @Override
  public void print(int id, TokenType type, byte[] text, int from, int to, ByteSink out) {
    // There is no text.
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    // There is no text.
  }
}
