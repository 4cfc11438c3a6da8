package org.ggml4j.jinja;

/** Something went wrong at a place that the interpreter knows; becomes a TemplateException. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean raised;

  Failure(String message) {
    this(message, false);
  }

  Failure(String message, boolean raised) {
    super(message, null, false, false);
    this.raised = raised;
  }

  /** Whether the template itself raised it. */
  boolean isRaised() {
    return raised;
  }

  String problem() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
