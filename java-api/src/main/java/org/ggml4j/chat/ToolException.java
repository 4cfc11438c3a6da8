package org.ggml4j.chat;

/** A tool's method failed with a checked exception, or can't be called. */
public final class ToolException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ToolException(String message, Throwable cause) {
    super(message, cause);
  }
}
