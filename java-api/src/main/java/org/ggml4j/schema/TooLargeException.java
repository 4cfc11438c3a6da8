package org.ggml4j.schema;

/** A limit was reached; whoever knows which part of the input is to blame says so. */
final class TooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TooLargeException(String problem) {
    super(problem);
  }
}
