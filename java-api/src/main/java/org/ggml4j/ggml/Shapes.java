package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;

/** Checks of sizes before they reach GGML, whose own arithmetic would wrap around or abort. */
final class Shapes {
  private static final long MAX_BYTES = 1L << 46;

  private Shapes() {}

  /**
   * Four sizes, filled up with ones; refused when one is not positive, or the product is absurd.
   */
  static long[] checked(String what, GgmlType type, long... ne) {
    if (ne.length < 1 || ne.length > 4) {
      throw new ShapeException(what, "expected 1 to 4 dimensions, found " + ne.length);
    }
    long[] sizes = {1, 1, 1, 1};
    long elements = 1;
    for (int i = 0; i < ne.length; i++) {
      sizes[i] = ne[i];
      if (ne[i] < 1 || ne[i] > Integer.MAX_VALUE) {
        throw new ShapeException(
            what, "size " + i + " of " + Arrays.toString(ne) + ": expected 1 to 2147483647");
      }
      elements = Math.multiplyExact(elements, ne[i]);
      if (elements > MAX_BYTES) {
        throw new ShapeException(what, Arrays.toString(ne) + " has too many elements");
      }
    }
    if (sizes[0] % type.blockSize() != 0) {
      throw new ShapeException(
          what,
          type
              + " stores blocks of "
              + type.blockSize()
              + " elements, the first size is "
              + sizes[0]);
    }
    return sizes;
  }

  /** Writes a tensor's name, cut to what GGML keeps. */
  static void setName(MemorySegment tensor, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    int n = Math.min(bytes.length, Ggml.GGML_MAX_NAME() - 1);
    MemorySegment field =
        tensor.asSlice(ggml_tensor.name$offset(), Ggml.GGML_MAX_NAME()).fill((byte) 0);
    MemorySegment.copy(bytes, 0, field, ValueLayout.JAVA_BYTE, 0, n);
  }
}
