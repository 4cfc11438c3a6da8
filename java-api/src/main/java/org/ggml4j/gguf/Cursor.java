package org.ggml4j.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads forward through a mapped file and never past its end. */
final class Cursor {
  static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  final MemorySegment segment;
  final @Nullable Path path;
  private final long end;
  private long position;

  Cursor(MemorySegment segment, @Nullable Path path, long position) {
    this.segment = segment;
    this.path = path;
    this.end = segment.byteSize();
    this.position = position;
  }

  long position() {
    return position;
  }

  long remaining() {
    return end - position;
  }

  GgufFormatException error(String problem, long offset, @Nullable String key) {
    return new GgufFormatException(problem, path, offset, key);
  }

  private void need(long bytes, String what, @Nullable String key) throws GgufFormatException {
    if (bytes > end - position) {
      throw error(
          what
              + " needs "
              + bytes
              + " bytes, but "
              + (end - position)
              + " are left: the file is cut short or damaged",
          position,
          key);
    }
  }

  int readInt(String what, @Nullable String key) throws GgufFormatException {
    need(Integer.BYTES, what, key);
    int v = segment.get(I32, position);
    position += Integer.BYTES;
    return v;
  }

  long readLong(String what, @Nullable String key) throws GgufFormatException {
    need(Long.BYTES, what, key);
    long v = segment.get(I64, position);
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

  /** Moves over {@code bytes}, which must be there. */
  void skip(long bytes, String what, @Nullable String key) throws GgufFormatException {
    need(bytes, what, key);
    position += bytes;
  }

  /** Reads a name: a string that must be UTF-8, not empty, of at most {@code limit} bytes. */
  String readName(String what, int limit) throws GgufFormatException {
    long at = position;
    int n = (int) readCount("length of " + what, 1, limit, null);
    if (n == 0) {
      throw error(what + " is empty", at, null);
    }
    byte[] bytes = new byte[n];
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, position, bytes, 0, n);
    position += n;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      GgufFormatException failure = error(what + " is not valid UTF-8", at, null);
      failure.initCause(e);
      throw failure;
    }
  }
}
