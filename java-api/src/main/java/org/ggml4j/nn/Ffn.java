package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;

/**
 * What comes after attention in a block: one network for all tokens, or experts of which each token
 * has a few.
 */
public sealed interface Ffn permits FeedForward, Moe, SharedExperts {
  /**
   * @param x F32 [nEmbd, n]
   * @return F32 [nEmbd, n]
   */
  Tensor apply(Tensor x);
}
