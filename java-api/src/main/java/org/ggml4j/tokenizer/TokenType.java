package org.ggml4j.tokenizer;

/**
 * What a vocabulary entry is, as the GGUF array {@code tokenizer.ggml.token_type} numbers it.
 *
 * <p>Source: GGUF specification; llama.cpp {@code include/llama.h} (enum llama_token_type).
 */
public enum TokenType {
  /** No type was given; such a token prints nothing. */
  UNDEFINED,
  /** A piece of ordinary text. */
  NORMAL,
  /** Stands for text outside the vocabulary. */
  UNKNOWN,
  /** Steers the model (begin of text, end of turn ...) and is hidden in decoded text. */
  CONTROL,
  /** Text that is always matched whole, before anything else, and printed as it is. */
  USER_DEFINED,
  /** Reserved; prints nothing. */
  UNUSED,
  /** One byte, written {@code <0xNN>} in the vocabulary. */
  BYTE;

  private static final TokenType[] VALUES = values();

  /** The number that GGUF stores for this type. */
  public int code() {
    return ordinal();
  }

  static int count() {
    return VALUES.length;
  }

  static TokenType of(int code) {
    return VALUES[code];
  }

  /** Control and unknown tokens: matched only when special text is parsed, hidden by default. */
  boolean isSpecial() {
    return this == CONTROL || this == UNKNOWN;
  }

  /** Types whose text is looked for in the input before it is pre-tokenized. */
  boolean isAdded() {
    return isSpecial() || this == USER_DEFINED;
  }
}
