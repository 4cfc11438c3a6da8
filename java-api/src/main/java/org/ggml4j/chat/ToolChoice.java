package org.ggml4j.chat;

/** Whether a model calls tools. */
public enum ToolChoice {
  /** As it likes. */
  AUTO,
  /** It has to call one. */
  REQUIRED,
  /** It is not told of any. */
  NONE
}
