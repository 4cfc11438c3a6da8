package org.ggml4j.schema;

/** A text is no JSON, or a value has no form in JSON. */
public final class JsonFormatException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  JsonFormatException(String message) {
    super(message);
  }
}
