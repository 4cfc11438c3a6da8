package org.ggml4j.bindings;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * GGML's libraries could not be found or loaded. The message says where they were looked for, what
 * was found there, and which dependency, flag or package is to be added.
 */
public final class NativeLibraryException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  NativeLibraryException(String message) {
    super(message);
  }

  NativeLibraryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
