package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * {@code W x * scale + b}.
 *
 * @param matrix [in, out]
 * @param scale F32 [1], a factor of the result, if the file has one (scaled 4-bit formats do)
 * @param bias F32 [out], if the file has one
 * @param scalesBias whether the scale applies to the bias too: {@code (W x + b) * scale}
 */
public record Linear(
    Matrix matrix, Optional<Weight> scale, Optional<Weight> bias, boolean scalesBias) {
  /**
   * @param x F32 [in, n]
   * @return F32 [out, n]
   */
  public Tensor apply(Tensor x) {
    return inRows(x).contiguous();
  }

  /**
   * As {@link #apply}, but there may be gaps between the results, which saves copying them for what
   * can read them so.
   *
   * @param x F32 [in, n]
   * @return F32 [out, n]
   */
  public Tensor inRows(Tensor x) {
    Tensor y = matrix.mulMat(x);
    if (scalesBias) {
      return scaled(biased(y));
    }
    return biased(scaled(y));
  }

  private Tensor scaled(Tensor y) {
    return scale.isPresent() ? y.mul(y.graph().use(scale.get())) : y;
  }

  private Tensor biased(Tensor y) {
    return bias.isPresent() ? y.add(y.graph().use(bias.get())) : y;
  }

  /** The same layer without its scale, for what llama.cpp computes without one. */
  public Linear withoutScale() {
    return new Linear(matrix, Optional.empty(), bias, scalesBias);
  }

  /** The same layer without its bias, for files with one that llama.cpp does not add. */
  public Linear withoutBias() {
    return new Linear(matrix, scale, Optional.empty(), scalesBias);
  }

  /** The same layer with the scale applied last, as llama.cpp does in feed-forward networks. */
  public Linear scalingBias() {
    return new Linear(matrix, scale, bias, true);
  }
}
