package org.ggml4j.eval;

import java.io.IOException;
import java.nio.file.Path;

/** A file of tasks is not as its format wants it. */
public final class TaskFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String place;

  /**
   * @param place {@code line 7} of a text, {@code byte 1234} of a binary file
   */
  TaskFormatException(Path file, String place, String problem) {
    super(file + ", " + place + ": " + problem);
    this.place = place;
  }

  /** Where: the line of a text, counted from 1, or the byte of a binary file, counted from 0. */
  public String place() {
    return place;
  }
}
