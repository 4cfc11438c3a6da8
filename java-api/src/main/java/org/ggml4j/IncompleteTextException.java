package org.ggml4j;

import java.io.Serial;
import org.ggml4j.decode.StopReason;

/** A text that was to be read as a value ended before the value did. */
public final class IncompleteTextException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final String text;
  private final StopReason reason;

  IncompleteTextException(String type, String text, StopReason reason) {
    super(
        "the JSON of a "
            + type
            + " is not complete after "
            + text.length()
            + " characters: "
            + advice(reason)
            + "; it ends with: "
            + text.substring(text.offsetByCodePoints(text.length(), -Math.min(40, points(text)))));
    this.text = text;
    this.reason = reason;
  }

  private static int points(String text) {
    return text.codePointCount(0, text.length());
  }

  private static String advice(StopReason reason) {
    return switch (reason) {
      case TOKEN_LIMIT -> "the token limit was reached, use a larger one";
      case CONTEXT_FULL -> "the context is full, use a larger one or bound the record's lists";
      case STOP_STRING -> "a stop string appeared, use none";
      case CANCELLED -> "it was cancelled";
      case END_OF_TEXT -> "the model ended it";
    };
  }

  /** What was written. */
  public String text() {
    return text;
  }

  /** Why no more was written. */
  public StopReason reason() {
    return reason;
  }
}
