package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * A table with a vector for each token.
 *
 * @param weight [nEmbd, nVocab]
 */
public record Embedding(Weight weight) {
  /**
   * @param tokens I32 [nTokens]
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor apply(Tensor tokens) {
    return tokens.graph().use(weight).getRows(tokens).named("inp_embd");
  }
}
