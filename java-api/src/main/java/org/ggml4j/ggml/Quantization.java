package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_to_float_t;
import org.ggml4j.bindings.ggml.ggml_type_traits;
import org.ggml4j.gguf.GgmlType;

/**
 * Conversion of F32 rows to the types that weights are stored in, and back. Each method throws
 * {@link GgmlException} if GGML was built for another processor.
 */
public final class Quantization {
  private static volatile boolean ready;

  private Quantization() {}

  /**
   * Loads GGML. Where it was built for another processor it has no CPU device, and what converts
   * would end the process.
   */
  private static void load() {
    if (!ready) {
      Device.cpu();
      ready = true;
    }
  }

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
    load();
    if (Ggml.ggml_quantize_requires_imatrix(type.id())) {
      throw new IllegalArgumentException(type + " needs an importance matrix");
    }
    convert(type, from, to, nRows, nPerRow, MemorySegment.NULL);
  }

  /**
   * Converts rows, with most care for the columns that matter most.
   *
   * @param type F32, F16, BF16 or any quantized type
   * @param from F32 [nPerRow, nRows], in native memory
   * @param to receives {@code type.rowSize(nPerRow) * nRows} bytes, in native memory
   * @param importance F32 [nPerRow], mean squares of what the columns are multiplied by, in native
   *     memory
   * @throws IllegalArgumentException if the sizes don't fit
   */
  public static void rows(
      GgmlType type,
      MemorySegment from,
      MemorySegment to,
      long nRows,
      long nPerRow,
      MemorySegment importance) {
    if (importance.byteSize() < 4 * nPerRow) {
      throw new IllegalArgumentException("the importance is too small for rows of " + nPerRow);
    }
    convert(type, from, to, nRows, nPerRow, importance);
  }

  private static void convert(
      GgmlType type,
      MemorySegment from,
      MemorySegment to,
      long nRows,
      long nPerRow,
      MemorySegment importance) {
    if (nPerRow % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          "rows of " + nPerRow + " don't fit blocks of " + type.blockSize() + " of " + type);
    }
    if (from.byteSize() < 4 * nRows * nPerRow || to.byteSize() < type.rowSize(nPerRow) * nRows) {
      throw new IllegalArgumentException("segments are too small for " + nRows + " rows");
    }
    switch (type) {
      case F32, F16, BF16 -> {}
      default -> {
        if (!type.isQuantized() || type == GgmlType.Q8_1 || type == GgmlType.Q8_K) {
          throw new IllegalArgumentException("no conversion to " + type);
        }
      }
    }
    load();
    Ggml.ggml_quantize_chunk(type.id(), from, to, 0, nRows, nPerRow, importance);
  }

  /**
   * Converts elements back.
   *
   * @param type F16, BF16 or a quantized type
   * @param from whole blocks of {@code type}, in native memory
   * @param to receives F32 [n], in native memory
   * @param n number of elements
   * @throws IllegalArgumentException if the sizes don't fit
   */
  public static void toFloat(GgmlType type, MemorySegment from, MemorySegment to, long n) {
    if (n < 0 || from.byteSize() < type.rowSize(n) || to.byteSize() < 4 * n) {
      throw new IllegalArgumentException("segments are too small for " + n + " elements");
    }
    load();
    MemorySegment function =
        ggml_type_traits.to_float(
            Ggml.ggml_get_type_traits(type.id()).reinterpret(ggml_type_traits.sizeof()));
    if (function.equals(MemorySegment.NULL)) {
      throw new IllegalArgumentException("no conversion from " + type);
    }
    ggml_to_float_t.invoke(function, from, to, n);
  }

  /** Whether all scales and values of whole blocks in native memory are finite. */
  public static boolean isValid(GgmlType type, MemorySegment data) {
    load();
    return Ggml.ggml_validate_row_data(type.id(), data, data.byteSize());
  }
}
