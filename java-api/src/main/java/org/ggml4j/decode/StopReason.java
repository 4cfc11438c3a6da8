package org.ggml4j.decode;

/** Why a generation ended. */
public enum StopReason {
  /** The model ended its text with an end-of-generation token. */
  END_OF_TEXT,
  /** One of the configured stop strings appeared; it is not part of the text. */
  STOP_STRING,
  /** The configured number of tokens was reached. */
  TOKEN_LIMIT,
  /** The KV cache is full. */
  CONTEXT_FULL,
  /** Somebody cancelled it. */
  CANCELLED
}
