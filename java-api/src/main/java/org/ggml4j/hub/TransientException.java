package org.ggml4j.hub;

import java.io.IOException;
import java.io.Serial;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Something that may be gone when asked again. */
final class TransientException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  private final @Nullable Duration wait;

  TransientException(String message) {
    this(message, (Duration) null);
  }

  /**
   * @param wait what the server asks to wait, or null if it says nothing
   */
  TransientException(String message, @Nullable Duration wait) {
    super(message);
    this.wait = wait;
  }

  TransientException(String message, IOException cause) {
    super(message, cause);
    this.wait = null;
  }

  @Nullable Duration askedWait() {
    return wait;
  }
}
