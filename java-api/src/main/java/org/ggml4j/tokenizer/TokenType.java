package org.ggml4j.tokenizer;

/**
 * What a vocabulary entry is, as the GGUF array {@code tokenizer.ggml.token_type} numbers it.
 *
 * <p>Source: GGUF specification; llama.cpp {@code include/llama.h} (enum llama_token_type).
 */
public enum TokenType {
  /** No type was given; such a token prints nothing. */
  UNDEFINED(0),
  /** A piece of ordinary text. */
  NORMAL(1),
  /** Stands for text outside the vocabulary. */
  UNKNOWN(2),
  /** Steers the model (begin of text, end of turn ...) and is hidden in decoded text. */
  CONTROL(3),
  /** Text that is always matched whole, before anything else, and printed as it is. */
  USER_DEFINED(4),
  /** Reserved; prints nothing. */
  UNUSED(5),
  /** One byte, written {@code <0xNN>} in the vocabulary. */
  BYTE(6);

  private static final TokenType[] VALUES = values();

  private final int code;

  TokenType(int code) {
    this.code = code;
  }

  /** The number that GGUF stores for this type. */
  public int code() {
    return code;
  }

  static int count() {
    return VALUES.length;
  }

  /** The type with a number; the constants stand in the order of theirs. */
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
