package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufValueType;

/**
 * Reads the tables of a vocabulary from a model's metadata and checks them.
 *
 * <p>Source: GGUF specification; llama.cpp {@code src/llama-vocab.cpp}.
 */
final class VocabLoader {
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String MERGES = "tokenizer.ggml.merges";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String SCORES = "tokenizer.ggml.scores";

  private VocabLoader() {}

  static GgufFormatException problem(String key, String message) {
    return new GgufFormatException(message, null, -1, key);
  }

  /** The texts, all entered. */
  static TextTable texts(GgufMetadata metadata) throws GgufFormatException {
    byte[] bytes = metadata.getStringBlock(TOKENS);
    TextBlock block = new TextBlock(bytes, metadata.arrayLength(TOKENS));
    if (block.size() == 0) {
      throw problem(TOKENS, "is empty, expected the texts of the vocabulary");
    }
    for (int i = 0; i < block.size(); i++) {
      if (block.length(i) == 0) {
        block = named(block);
        break;
      }
    }
    TextTable texts = new TextTable(block);
    for (int i = 0; i < block.size(); i++) {
      int twin = texts.enter(i);
      if (twin >= 0) {
        throw problem(
            TOKENS,
            "tokens " + twin + " and " + i + " have the same text; every token needs its own");
      }
    }
    return texts;
  }

  /** An empty text cannot be looked up, so llama.cpp gives such tokens a name. */
  private static TextBlock named(TextBlock block) {
    List<byte[]> texts = new ArrayList<>();
    for (int i = 0; i < block.size(); i++) {
      texts.add(
          block.length(i) == 0
              ? Utf8.encode("[EMPTY_" + i + "]")
              : Arrays.copyOfRange(block.bytes(), block.start(i), block.end(i)));
    }
    return TextBlock.of(texts);
  }

  /** The type of each token. */
  static byte[] types(GgufMetadata metadata, int n) throws GgufFormatException {
    byte[] types = new byte[n];
    if (!metadata.contains(TYPES)) {
      Arrays.fill(types, (byte) TokenType.NORMAL.code());
      return types;
    }
    int[] codes = metadata.getIntArray(TYPES);
    checkLength(TYPES, codes.length, n);
    for (int i = 0; i < n; i++) {
      if (codes[i] < 0 || codes[i] >= TokenType.count()) {
        throw problem(
            TYPES,
            "token " + i + " has type " + codes[i] + ", expected 0 to " + (TokenType.count() - 1));
      }
      types[i] = (byte) codes[i];
    }
    return types;
  }

  /** The score of each token; empty if the file has none. */
  static float[] scores(GgufMetadata metadata, int n) throws GgufFormatException {
    if (!metadata.contains(SCORES)) {
      return new float[0];
    }
    float[] scores;
    if (metadata.elementType(SCORES) == GgufValueType.INT32) {
      int[] whole = metadata.getIntArray(SCORES);
      scores = new float[whole.length];
      for (int i = 0; i < whole.length; i++) {
        scores[i] = whole[i];
      }
    } else {
      scores = metadata.getFloatArray(SCORES);
    }
    checkLength(SCORES, scores.length, n);
    return scores;
  }

  private static void checkLength(String key, int found, int expected) throws GgufFormatException {
    if (found < expected) {
      throw problem(
          key, "has " + found + " elements, expected " + expected + ", one for each token");
    }
  }

  /** The merges, not looked into yet. */
  static Merges merges(GgufMetadata metadata, TextTable texts) throws GgufFormatException {
    return new Merges(texts, metadata.getStringBlock(MERGES), metadata.arrayLength(MERGES));
  }
}
