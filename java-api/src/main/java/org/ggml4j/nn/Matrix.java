package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgmlType;

/**
 * The matrix of a product, in the memory or the two memories where it is fastest.
 *
 * @param weight [in, out], or [in, more] with rows of zeros at its end
 * @param nOut how many of its rows count
 * @param forFew the same matrix in plain memory, where a product with few vectors is faster there
 */
public record Matrix(Weight weight, long nOut, Optional<Weight> forFew) {
  /**
   * With how many vectors a product is faster from plain memory, where it is for any.
   *
   * <p>Measured for a Q6_K matrix of 2048 by 128,256, from plain memory against AMX's: 1 vector 14
   * against 18 ms, 4 34 against 44, 8 54 against 56, 16 83 against 63.
   */
  public static final int FEW = 8;

  /** GGML's AMX kernels take matrices of a multiple of 32 rows. */
  static final int ROWS = 32;

  static Matrix of(Weight weight) {
    return new Matrix(weight, weight.ne(1), Optional.empty());
  }

  /**
   * Whether a product with few vectors takes longer from this memory than from plain one: AMX's
   * kernels unpack six bits slowly, and all others quickly.
   */
  static boolean isSlowForFew(GgmlType type, BufferType memory) {
    return type == GgmlType.Q6_K && memory.name().equals("AMX");
  }

  /** That number of rows which kernels take, at least {@code nOut}. */
  static long padded(long nOut) {
    return (nOut + ROWS - 1) / ROWS * ROWS;
  }

  /**
   * @param x F32 [in, n]
   * @return F32 [out, n]
   */
  public Tensor mulMat(Tensor x) {
    Weight used = forFew.isPresent() && x.ne(1) <= FEW ? forFew.get() : weight;
    Tensor y = x.graph().use(used).mulMat(x);
    return y.ne(0) == nOut ? y : y.columns(0, nOut).cont();
  }
}
