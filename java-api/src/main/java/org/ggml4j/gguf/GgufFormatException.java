package org.ggml4j.gguf;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file is damaged, or a metadata value is missing or of another type than asked for. The
 * message says what was found and what was expected, and where: file, byte offset and key, as far
 * as they are known.
 */
public final class GgufFormatException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  private final transient @Nullable Path path;
  private final long offset;
  private final @Nullable String key;

  /**
   * A complaint about a place in a file.
   *
   * @param problem what was found and what was expected
   * @param path the file, or null for metadata that is in no file
   * @param offset bytes from the start of the file, negative if no single place is meant
   * @param key the metadata key or the tensor's name, or null
   */
  public GgufFormatException(
      String problem, @Nullable Path path, long offset, @Nullable String key) {
    super(describe(problem, path, offset, key));
    this.path = path;
    this.offset = offset;
    this.key = key;
  }

  /** The file; empty for metadata that is in no file. */
  public Optional<Path> path() {
    return Optional.ofNullable(path);
  }

  /** Where in the file, in bytes from its start. */
  public OptionalLong offset() {
    return offset < 0 ? OptionalLong.empty() : OptionalLong.of(offset);
  }

  /** The metadata key or tensor name concerned. */
  public Optional<String> key() {
    return Optional.ofNullable(key);
  }

  private static String describe(
      String problem, @Nullable Path path, long offset, @Nullable String key) {
    StringBuilder s = new StringBuilder();
    if (path != null) {
      s.append(path).append(": ");
    }
    if (key != null) {
      s.append(printable(key)).append(": ");
    }
    s.append(problem);
    if (offset >= 0) {
      s.append(" (at byte ").append(offset).append(')');
    }
    return s.toString();
  }

  /** Names come from the file: keep them from filling or confusing a terminal. */
  static String printable(String s) {
    StringBuilder out = new StringBuilder();
    int end = Math.min(s.length(), 80);
    for (int i = 0; i < end; i++) {
      char c = s.charAt(i);
      out.append(Character.isISOControl(c) ? '?' : c);
    }
    return s.length() > end ? out.append("...").toString() : out.toString();
  }
}
