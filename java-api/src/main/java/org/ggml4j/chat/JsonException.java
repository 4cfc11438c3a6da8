package org.ggml4j.chat;

/** A text is no JSON, or a value has no form in JSON. */
public final class JsonException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  JsonException(String message) {
    super(message);
  }

  JsonException(Throwable cause) {
    super(cause.getMessage(), cause);
  }
}
