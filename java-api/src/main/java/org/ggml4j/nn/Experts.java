package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * The same linear layer of all experts of a mixture, as one stack.
 *
 * @param weight [in, out, nExpert]
 * @param scale F32 [nExpert], a factor for each expert's product, if the file has one
 * @param bias F32 [out, nExpert], if the file has one
 */
public record Experts(Weight weight, Optional<Weight> scale, Optional<Weight> bias) {
  /** The same without scales, for what llama.cpp computes without them. */
  public Experts withoutScale() {
    return new Experts(weight, Optional.empty(), bias);
  }

  /**
   * @param x F32 [in, 1 or nUsed, nTokens]
   * @param ids I32 [nUsed, nTokens], the experts of each token
   * @return F32 [out, nUsed, nTokens]
   */
  public Tensor apply(Tensor x, Tensor ids) {
    Tensor y = x.graph().use(weight).mulMatId(x, ids);
    if (scale.isPresent()) {
      y = y.mul(factors(y, scale.get(), ids));
    }
    return bias.isPresent() ? y.addId(x.graph().use(bias.get()), ids) : y;
  }

  private Tensor factors(Tensor y, Weight scales, Tensor ids) {
    long nExpert = weight.ne(2);
    return y.graph()
        .use(scales)
        .reshape(1, nExpert, 1)
        .repeat(1, nExpert, y.ne(2)) // [1, nExpert, nTokens]
        .getRows(ids); // [1, nUsed, nTokens]
  }
}
