package org.ggml4j.hub;

import java.io.IOException;
import java.io.Serial;
import java.util.OptionalInt;

/**
 * A model could not be fetched, for a reason that asking again at once does not change: the message
 * says what was found, and what to do. What was received until then is kept, unless the message
 * says otherwise.
 */
public final class HubException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  private final int status;

  HubException(String message) {
    this(message, 0);
  }

  HubException(String message, int status) {
    super(message);
    this.status = status;
  }

  HubException(String message, Throwable cause) {
    super(message, cause);
    this.status = 0;
  }

  /** The HTTP status that the server answered, if that was the reason. */
  public OptionalInt status() {
    return status == 0 ? OptionalInt.empty() : OptionalInt.of(status);
  }
}
