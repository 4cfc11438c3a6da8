package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/** Conversion of F32 rows to the types that weights are stored in. */
public final class Quantization {
  static {
    Native.library();
  }

  private Quantization() {}

  /**
   * Converts rows.
   *
   * @param type F32, F16, BF16 or a quantized type that needs no importance matrix
   * @param from F32 [nPerRow, nRows], in native memory
   * @param to receives {@code type.rowSize(nPerRow) * nRows} bytes, in native memory
   * @throws IllegalArgumentException if the sizes don't fit
   */
  public static void rows(
      GgmlType type, MemorySegment from, MemorySegment to, long nRows, long nPerRow) {
    if (nPerRow % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          "rows of " + nPerRow + " don't fit blocks of " + type.blockSize() + " of " + type);
    }
    if (from.byteSize() < 4 * nRows * nPerRow || to.byteSize() < type.rowSize(nPerRow) * nRows) {
      throw new IllegalArgumentException("segments are too small for " + nRows + " rows");
    }
    if (Ggml.ggml_quantize_requires_imatrix(type.id())) {
      throw new IllegalArgumentException(type + " needs an importance matrix");
    }
    switch (type) {
      case F32, F16, BF16 -> {}
      default -> {
        if (!type.isQuantized() || type == GgmlType.Q8_1 || type == GgmlType.Q8_K) {
          throw new IllegalArgumentException("no conversion to " + type);
        }
      }
    }
    Ggml.ggml_quantize_chunk(type.id(), from, to, 0, nRows, nPerRow, MemorySegment.NULL);
  }
}
