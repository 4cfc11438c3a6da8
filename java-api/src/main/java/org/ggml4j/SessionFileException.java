package org.ggml4j;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/**
 * A saved session that can't be restored here. The message says what was found, what was expected,
 * and where in the file.
 */
public final class SessionFileException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  /** What is wrong with the file. */
  public enum Reason {
    /** It is another kind of file. */
    NOT_A_SESSION,
    /** It was written by another version of the library. */
    OTHER_VERSION,
    /** It is cut short, or bytes of it have changed. */
    DAMAGED,
    /** It was saved with another model. */
    OTHER_MODEL,
    /** Its cache had other types or another layout than this session's. */
    OTHER_SETTINGS
  }

  private final transient Path path;
  private final Reason reason;
  private final long offset;

  SessionFileException(Reason reason, Path path, long offset, String problem) {
    super(path + ": " + problem + " (at byte " + offset + ")");
    this.reason = reason;
    this.path = path;
    this.offset = offset;
  }

  public Reason reason() {
    return reason;
  }

  public Path path() {
    return path;
  }

  /** Where in the file, in bytes from its start. */
  public long offset() {
    return offset;
  }
}
