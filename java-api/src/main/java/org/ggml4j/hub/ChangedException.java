package org.ggml4j.hub;

import java.io.IOException;
import java.io.Serial;

/** The server has another file now than when the pull began. */
final class ChangedException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  ChangedException(String message) {
    super(message);
  }
}
