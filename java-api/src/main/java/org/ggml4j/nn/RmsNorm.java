package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * Each vector divided by its root mean square, then multiplied element by element: arXiv
 * 1910.07467.
 *
 * @param weight F32 [n]
 * @param eps added to the mean square
 * @param nodeName llama.cpp's name of the result, such as {@code attn_norm-3}
 */
public record RmsNorm(Weight weight, float eps, String nodeName) {
  /**
   * @param x F32 [n, …]
   * @return the same shape
   */
  public Tensor apply(Tensor x) {
    return x.rmsNorm(eps).mul(x.graph().use(weight)).named(nodeName);
  }
}
