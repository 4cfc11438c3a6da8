package org.ggml4j.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads forward through a mapped file and never past its end.
 *
 * <p>A command waits for this code at every start. So what runs for a sound file keeps away from
 * what the JVM has to link at first use (lambdas, string concatenation, a record's equals):
 * messages are put together only when something is wrong.
 */
final class Cursor {
  /** A buffer over a segment has to be so much smaller than 2 GiB, as an array would. */
  private static final int LONGEST_BUFFER = Integer.MAX_VALUE - 8;

  /** How much is looked at together, in bytes. */
  private static final int WINDOW = 1 << 16;

  final ByteBuffer bytes;
  final long fileSize;
  final @Nullable Path path;
  private final int end;
  private int position;
  private byte[] window = {};

  /**
   * Begins at the start of a file.
   *
   * <p>Reads go through a ByteBuffer, not the segment itself: the first use of a segment's
   * accessors in a JVM costs tens of milliseconds, which a command that loads a model would wait
   * for. The description of a file therefore has to lie in its first 2 GiB, where all known ones
   * end after a few megabytes.
   */
  Cursor(MemorySegment file, @Nullable Path path) {
    this.fileSize = file.byteSize();
    this.end = (int) Math.min(fileSize, LONGEST_BUFFER);
    this.bytes = file.asSlice(0, end).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.path = path;
  }

  int position() {
    return position;
  }

  int remaining() {
    return end - position;
  }

  GgufFormatException error(String problem, long offset, @Nullable String key) {
    return new GgufFormatException(problem, path, offset, key);
  }

  private void need(long n, String what, @Nullable String key) throws GgufFormatException {
    if (n > remaining()) {
      throw error(
          what
              + " needs "
              + n
              + " bytes, but "
              + remaining()
              + " are left: the file is cut short or damaged",
          position,
          key);
    }
  }

  int readInt(String what, @Nullable String key) throws GgufFormatException {
    need(Integer.BYTES, what, key);
    int v = bytes.getInt(position);
    position += Integer.BYTES;
    return v;
  }

  long readLong(String what, @Nullable String key) throws GgufFormatException {
    need(Long.BYTES, what, key);
    long v = bytes.getLong(position);
    position += Long.BYTES;
    return v;
  }

  /**
   * Reads a count of things that take at least {@code bytesEach}, at most {@code limit} of them.
   */
  long readCount(String what, long bytesEach, long limit, @Nullable String key)
      throws GgufFormatException {
    long at = position;
    long n = readLong(what, key);
    if (n < 0 || n > remaining() / bytesEach) {
      throw error(
          what
              + " is "
              + Long.toUnsignedString(n)
              + ", but the "
              + remaining()
              + " bytes left hold at most "
              + remaining() / bytesEach,
          at,
          key);
    }
    if (n > limit) {
      throw error(what + " is " + n + ", more than the " + limit + " that are accepted", at, key);
    }
    return n;
  }

  /** Moves over {@code n} bytes, which must be there. */
  void skip(long n, String what, @Nullable String key) throws GgufFormatException {
    need(n, what, key);
    position += (int) n;
  }

  /**
   * Moves over strings, each its length and as many bytes: the tens of thousands of a vocabulary.
   *
   * @param limit of the length of one
   */
  void skipStrings(int n, int limit, @Nullable String key) throws GgufFormatException {
    if (window.length == 0) {
      window = new byte[Math.min(WINDOW, remaining())];
    }
    int start = position;
    int filled = 0;
    for (int i = 0; i < n; i++) {
      if (position - start > filled - Long.BYTES) {
        start = position;
        filled = Math.min(window.length, remaining());
        bytes.get(start, window, 0, filled);
      }
      int at = position - start;
      int length = filled < Long.BYTES ? -1 : shortLength(window, at);
      if (length >= 0 && length <= Math.min(limit, remaining() - Long.BYTES)) {
        position += Long.BYTES + length;
      } else {
        skip(readCount("length of a string", 1, limit, key), "the string", key);
      }
    }
  }

  /**
   * A length of less than 65536; else -1. From single bytes: a long that lies anywhere costs a
   * dozen calls until Java's optimizing compiler has seen them.
   */
  private static int shortLength(byte[] window, int at) {
    int rest =
        window[at + 2]
            | window[at + 3]
            | window[at + 4]
            | window[at + 5]
            | window[at + 6]
            | window[at + 7];
    return rest == 0 ? (window[at] & 0xff) | (window[at + 1] & 0xff) << 8 : -1;
  }

  /** Reads a name: a string that must be UTF-8, not empty, of at most {@code limit} bytes. */
  String readName(String what, int limit) throws GgufFormatException {
    long at = position;
    int n = (int) readCount(what, 1, limit, null);
    if (n == 0) {
      throw error(what + " is empty", at, null);
    }
    byte[] name = new byte[n];
    bytes.get(position, name);
    position += n;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
    } catch (CharacterCodingException e) {
      GgufFormatException failure = error(what + " is not valid UTF-8", at, null);
      failure.initCause(e);
      throw failure;
    }
  }
}
