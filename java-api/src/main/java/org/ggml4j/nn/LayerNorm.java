package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * Each vector less its mean, divided by its standard deviation, then multiplied and shifted element
 * by element: arXiv 1607.06450.
 *
 * @param weight F32 [n], if the model has one
 * @param bias F32 [n], if the model has one
 * @param eps added to the variance
 * @param nodeName llama.cpp's name of the result, such as {@code attn_norm-3}
 */
public record LayerNorm(
    Optional<Weight> weight, Optional<Weight> bias, float eps, String nodeName) {
  /**
   * @param x F32 [n, …]
   * @return the same shape
   */
  public Tensor apply(Tensor x) {
    return x.norm(eps).affine(weight, bias).named(nodeName);
  }
}
