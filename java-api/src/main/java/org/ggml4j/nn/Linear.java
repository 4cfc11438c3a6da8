package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * {@code W x * scale + b}.
 *
 * @param weight [in, out]
 * @param scale F32 [1] that the product is multiplied by, if the file has one (scaled 4-bit formats do)
 * @param bias F32 [out], if the file has one
 */
public record Linear(Weight weight, Optional<Weight> scale, Optional<Weight> bias) {
  /**
   * @param x F32 [in, n]
   * @return F32 [out, n]
   */
  public Tensor apply(Tensor x) {
    Tensor y = x.graph().use(weight).mulMat(x);
    if (scale.isPresent()) {
      y = y.mul(x.graph().use(scale.get()));
    }
    return bias.isPresent() ? y.add(x.graph().use(bias.get())) : y;
  }
}
