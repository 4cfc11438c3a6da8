package org.ggml4j.gguf;

import java.util.Arrays;
import java.util.Optional;

/**
 * The element types of GGML tensors, as a GGUF file names them by number.
 *
 * <p>Elements are stored in blocks of {@link #blockSize()} along the first dimension, each taking
 * {@link #typeSize()} bytes. Numbers and sizes are those of GGML 0.25.1 ({@code enum ggml_type} in
 * {@code ggml.h}, block structures in {@code ggml-common.h}). Numbers that GGML has retired (4, 5,
 * 31 to 33 and 36 to 38) are unknown here too.
 */
public enum GgmlType {
  /** IEEE 754 single precision. */
  F32(0, 1, 4, false),
  /** IEEE 754 half precision. */
  F16(1, 1, 2, false),
  /** 4 bits and a scale per 32 elements. */
  Q4_0(2, 32, 18, true),
  /** 4 bits, a scale and a minimum per 32 elements. */
  Q4_1(3, 32, 20, true),
  /** 5 bits and a scale per 32 elements. */
  Q5_0(6, 32, 22, true),
  /** 5 bits, a scale and a minimum per 32 elements. */
  Q5_1(7, 32, 24, true),
  /** 8 bits and a scale per 32 elements. */
  Q8_0(8, 32, 34, true),
  /** 8 bits, a scale and a sum per 32 elements; for intermediate results. */
  Q8_1(9, 32, 36, true),
  /** K-quant of 2 bits in super-blocks of 256. */
  Q2_K(10, 256, 84, true),
  /** K-quant of 3 bits in super-blocks of 256. */
  Q3_K(11, 256, 110, true),
  /** K-quant of 4 bits in super-blocks of 256. */
  Q4_K(12, 256, 144, true),
  /** K-quant of 5 bits in super-blocks of 256. */
  Q5_K(13, 256, 176, true),
  /** K-quant of 6 bits in super-blocks of 256. */
  Q6_K(14, 256, 210, true),
  /** 8 bits in super-blocks of 256; for intermediate results. */
  Q8_K(15, 256, 292, true),
  /** Codebook quantization, 2.06 bits per element. */
  IQ2_XXS(16, 256, 66, true),
  /** Codebook quantization, 2.31 bits per element. */
  IQ2_XS(17, 256, 74, true),
  /** Codebook quantization, 3.06 bits per element. */
  IQ3_XXS(18, 256, 98, true),
  /** Codebook quantization, 1.56 bits per element. */
  IQ1_S(19, 256, 50, true),
  /** 4 bits into a table of unevenly spaced values, 32 elements. */
  IQ4_NL(20, 32, 18, true),
  /** Codebook quantization, 3.44 bits per element. */
  IQ3_S(21, 256, 110, true),
  /** Codebook quantization, 2.56 bits per element. */
  IQ2_S(22, 256, 82, true),
  /** 4 bits into a table of unevenly spaced values, 256 elements. */
  IQ4_XS(23, 256, 136, true),
  /** Signed 8-bit integer. */
  I8(24, 1, 1, false),
  /** Signed 16-bit integer. */
  I16(25, 1, 2, false),
  /** Signed 32-bit integer. */
  I32(26, 1, 4, false),
  /** Signed 64-bit integer. */
  I64(27, 1, 8, false),
  /** IEEE 754 double precision. */
  F64(28, 1, 8, false),
  /** Codebook quantization, 1.75 bits per element. */
  IQ1_M(29, 256, 56, true),
  /** bfloat16: the upper half of a single. */
  BF16(30, 1, 2, false),
  /** Ternary, 1.69 bits per element. */
  TQ1_0(34, 256, 54, true),
  /** Ternary, 2.06 bits per element. */
  TQ2_0(35, 256, 66, true),
  /** OCP microscaling: 4-bit floats and a power-of-two scale per 32 elements. */
  MXFP4(39, 32, 17, true),
  /** 4-bit floats and an E4M3 scale per 16 elements, four groups to a block. */
  NVFP4(40, 64, 36, true),
  /** 1 bit and a scale per 128 elements. */
  Q1_0(41, 128, 18, true),
  /** 2 bits and a scale per 64 elements. */
  Q2_0(42, 64, 18, true);

  private static final Optional<GgmlType>[] BY_ID = index();

  private final int id;
  private final int blockSize;
  private final int typeSize;
  private final boolean quantized;

  GgmlType(int id, int blockSize, int typeSize, boolean quantized) {
    this.id = id;
    this.blockSize = blockSize;
    this.typeSize = typeSize;
    this.quantized = quantized;
  }

  /** The type with GGML's number {@code id}, or empty if it is unknown or retired. */
  public static Optional<GgmlType> byId(int id) {
    return id >= 0 && id < BY_ID.length ? BY_ID[id] : Optional.empty();
  }

  /** GGML's number of this type, as it stands in files. */
  public int id() {
    return id;
  }

  /** Elements per block; 1 for types that are not quantized. */
  public int blockSize() {
    return blockSize;
  }

  /** Bytes per block. */
  public int typeSize() {
    return typeSize;
  }

  /** Whether elements share scales with their neighbours instead of standing alone. */
  public boolean isQuantized() {
    return quantized;
  }

  /**
   * Bytes of a row of {@code ne0} elements.
   *
   * @throws IllegalArgumentException if {@code ne0} is negative or no multiple of the block size
   * @throws ArithmeticException if the size exceeds a long
   */
  public long rowSize(long ne0) {
    if (ne0 < 0 || ne0 % blockSize != 0) {
      throw new IllegalArgumentException(
          "a row of "
              + ne0
              + " elements is no multiple of the "
              + blockSize
              + " in a "
              + this
              + " block");
    }
    return Math.multiplyExact(ne0 / blockSize, (long) typeSize);
  }

  /**
   * Bytes of a contiguous tensor of shape {@code ne}, fastest dimension first.
   *
   * @throws IllegalArgumentException if {@code ne} is empty, has a size below one, or its first is
   *     no multiple of the block size
   * @throws ArithmeticException if the number of elements or of bytes exceeds a long
   */
  public long sizeOf(long... ne) {
    if (ne.length == 0) {
      throw new IllegalArgumentException("a tensor has at least one dimension");
    }
    long elements = 1;
    for (long n : ne) {
      if (n < 1) {
        throw new IllegalArgumentException("shape " + Arrays.toString(ne) + " has a size below 1");
      }
      elements = Math.multiplyExact(elements, n);
    }
    long rows = elements / ne[0];
    return Math.multiplyExact(rowSize(ne[0]), rows);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Optional<GgmlType>[] index() {
    GgmlType[] all = values();
    int top = 0;
    for (GgmlType t : all) {
      top = Math.max(top, t.id);
    }
    Optional<GgmlType>[] byId = new Optional[top + 1];
    Arrays.fill(byId, Optional.empty());
    for (GgmlType t : all) {
      byId[t.id] = Optional.of(t);
    }
    return byId;
  }
}
