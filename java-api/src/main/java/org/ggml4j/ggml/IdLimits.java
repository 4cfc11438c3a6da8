package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Which parts of an input are numbers of rows or matrices, and how many of these there are: the
 * native side would end the process for a number that is none.
 */
final class IdLimits {
  /**
   * A part of the data.
   *
   * @param begin its first byte
   * @param end behind its last byte
   * @param width bytes of a number: 4 or 8
   */
  private record Part(long begin, long end, int width, long limit, String operation) {}

  private final List<Part> parts = new ArrayList<>(1);

  void add(long begin, Tensor ids, long limit, String operation) {
    parts.add(new Part(begin, begin + ids.nBytes(), ids.type.typeSize(), limit, operation));
  }

  /**
   * Throws unless data may be set.
   *
   * @param offset where in the input it will be
   */
  void check(Tensor input, MemorySegment from, long offset, long size) {
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      long begin = Math.max(offset, part.begin);
      long end = Math.min(offset + size, part.end);
      if (begin < end) {
        check(input, part, from.asSlice(begin - offset, end - begin), begin - part.begin);
      }
    }
  }

  private static void check(Tensor input, Part part, MemorySegment ids, long offset) {
    if (offset % part.width != 0 || ids.byteSize() % part.width != 0) {
      throw new IllegalArgumentException(
          input + ": expected whole numbers of " + part.width + " bytes, found a part of one");
    }
    long n = ids.byteSize() / part.width;
    for (long i = 0; i < n; i++) {
      long id =
          part.width == Integer.BYTES
              ? ids.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i)
              : ids.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i);
      if (id < 0 || id >= part.limit) {
        throw new IllegalArgumentException(
            input
                + ": "
                + part.operation
                + " expected 0 to "
                + (part.limit - 1)
                + ", found "
                + id
                + " as element "
                + (offset / part.width + i));
      }
    }
  }
}
