package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgmlType;

/**
 * The matrix of a product.
 *
 * @param weight [in, out], or [in, more] with rows of zeros at its end, which make AMX fast
 * @param nOut how many of its rows count
 * @param forFew the same matrix [in, out] without the rows of zeros, for products with few vectors
 */
public record Matrix(Weight weight, long nOut, Optional<Weight> forFew) {
  /**
   * For how many vectors a product takes {@link #forFew}, where there is one: as many as
   * few_rows_amx.cpp multiplies side by side, which needs no rows apart.
   */
  public static final int FEW = 8;

  static Matrix of(Weight weight) {
    return new Matrix(weight, weight.ne(1), Optional.empty());
  }

  /** That number of rows which kernels take, at least {@code nOut}. */
  static long padded(long nOut) {
    return (nOut + BufferType.AMX_ROWS - 1) / BufferType.AMX_ROWS * BufferType.AMX_ROWS;
  }

  /**
   * How many rows make products with many vectors fast. AMX's kernels write the results for 32
   * vectors side by side; a multiple of 2048 bytes apart, they push each other out of the first
   * cache.
   *
   * <p>Measured for 256 vectors and matrices of 2048 by 2048 and 2048 by 2080: Q8_0 4.1 and 2.2 ms,
   * Q4_0 4.6 and 2.4, Q4_1 4.6 and 3.2; for other types the kernels take as long.
   */
  static long apart(GgmlType type, BufferType memory, long nOut) {
    boolean crowded = type == GgmlType.Q8_0 || type == GgmlType.Q4_0 || type == GgmlType.Q4_1;
    return crowded && memory.isAmx() && nOut % 512 == 0 ? nOut + BufferType.AMX_ROWS : nOut;
  }

  /**
   * @param x F32 [in, n]
   * @return F32 [out, n], for more than a few vectors possibly with gaps between them
   */
  public Tensor mulMat(Tensor x) {
    boolean few = forFew.isPresent() && x.ne(1) * x.ne(2) * x.ne(3) <= FEW;
    Tensor y = x.graph().use(few ? forFew.get() : weight).mulMat(x);
    return y.ne(0) == nOut ? y : y.columns(0, nOut);
  }
}
