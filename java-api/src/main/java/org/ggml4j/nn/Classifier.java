package org.ggml4j.nn;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.ggml4j.ggml.Tensor;

/**
 * What gives scores of classes from the vector of a text, as rerankers do; llama.cpp's {@code
 * build_pooling}.
 *
 * @param ofMean whether the vector is the mean of all tokens, else it is that of the first one
 * @param dense a layer before, {@code cls} [nEmbd, n], if there is one
 * @param f the function behind it
 * @param norm a norm behind that, if there is one
 * @param output {@code cls.output} [n, nClasses], if there is one
 */
public record Classifier(
    boolean ofMean,
    Optional<Linear> dense,
    UnaryOperator<Tensor> f,
    Optional<LayerNorm> norm,
    Optional<Linear> output) {
  /**
   * With a hyperbolic tangent, of the first token; as BERT's.
   *
   * @param n width between both layers
   * @return empty if the file has neither layer
   */
  public static Optional<Classifier> ofFirst(Weights w, int nEmbd, int n, int nClasses) {
    Optional<Linear> dense = w.optionalLinear("cls", nEmbd, n);
    Optional<Linear> output = w.optionalLinear("cls.output", n, nClasses);
    return dense.isEmpty() && output.isEmpty()
        ? Optional.empty()
        : Optional.of(new Classifier(false, dense, Tensor::tanh, Optional.empty(), output));
  }

  /**
   * @param x F32 [nEmbd, nTexts]
   * @return F32 [nClasses, nTexts]
   */
  public Tensor apply(Tensor x) {
    Tensor y = x;
    if (dense.isPresent()) {
      y = f.apply(dense.get().apply(y));
      y = norm.isPresent() ? norm.get().apply(y) : y;
    }
    return output.isPresent() ? output.get().apply(y) : y;
  }
}
