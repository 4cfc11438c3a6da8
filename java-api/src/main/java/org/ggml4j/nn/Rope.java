package org.ggml4j.nn;

import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.Tensor;

/** Rotary position embedding, arXiv 2104.09864: queries and keys are turned by their position. */
public record Rope(RopeParameters parameters) {
  /**
   * @param x F32 [headDim, nHead, nTokens]
   * @param positions I32 [nTokens]
   * @return the same shape
   */
  public Tensor apply(Tensor x, Tensor positions) {
    return x.ropeExt(positions, parameters);
  }
}
