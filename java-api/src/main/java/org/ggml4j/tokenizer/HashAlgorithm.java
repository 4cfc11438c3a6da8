package org.ggml4j.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * The tokenizer {@code test}, which llama.cpp has for models with random weights: every five bytes
 * become a token by their hash, and a token prints its number.
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp}.
 */
final class HashAlgorithm implements Algorithm {
  private static final int CHUNK = 5;

  private final int vocabSize;

  HashAlgorithm(int vocabSize) {
    this.vocabSize = vocabSize;
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return (s, from, to, first) -> {
      for (int p = from; p < to; p += CHUNK) {
        int end = Math.min(to, p + CHUNK);
        long hash = 0;
        for (int i = p; i < end; i++) {
          hash = 31 * hash + (s[i] & 0xFF);
        }
        out.add((int) (hash % vocabSize), p, end);
      }
    };
  }

  @Override
  public void print(int id, TokenType type, byte[] text, int from, int to, ByteSink out) {
    byte[] hex = Integer.toHexString(id).getBytes(StandardCharsets.US_ASCII);
    out.add(hex, 0, hex.length);
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    out.add(text, from, to);
  }
}
