package org.ggml4j.schema;

/** A JSON text is not one of the record that it was to be read as. */
public final class JsonBindingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String pointer;

  JsonBindingException(String pointer, String problem) {
    super("at #" + pointer + ": " + problem);
    this.pointer = pointer;
  }

  JsonBindingException(String pointer, String problem, Throwable cause) {
    super("at #" + pointer + ": " + problem, cause);
    this.pointer = pointer;
  }

  /** JSON pointer (RFC 6901) of the value that does not fit; "" for the whole text. */
  public String pointer() {
    return pointer;
  }
}
