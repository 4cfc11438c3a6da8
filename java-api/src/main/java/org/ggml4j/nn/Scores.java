package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Weight;

/**
 * How the products of queries and keys become probabilities.
 *
 * @param scale factor of the products, usually {@code 1 / sqrt(headDim)}
 * @param softcap what a hyperbolic tangent keeps them below (Gemma 2), 0 for none
 * @param maxBias largest slope of ALiBi's bias of distance, arXiv 2108.12409, 0 for none
 * @param sinks F32 [nHead], products of a further key whose value is 0 (gpt-oss), if any
 * @param relative what is added by distance (T5), if anything; not with flash attention
 */
public record Scores(
    float scale,
    float softcap,
    float maxBias,
    Optional<Weight> sinks,
    Optional<RelativeBias> relative) {
  /** The usual: products times a factor. */
  public static Scores scaled(float scale) {
    return new Scores(scale, 0, 0, Optional.empty(), Optional.empty());
  }

  /** With products kept below a cap. */
  public Scores withSoftcap(float cap) {
    return new Scores(scale, cap, maxBias, sinks, relative);
  }

  /** With ALiBi; 0 for none. */
  public Scores withMaxBias(float bias) {
    return new Scores(scale, softcap, bias, sinks, relative);
  }

  /** With a sink for each head. */
  public Scores withSinks(Optional<Weight> weight) {
    return new Scores(scale, softcap, maxBias, weight, relative);
  }

  /** With a bias of distance. */
  public Scores withRelative(RelativeBias bias) {
    return new Scores(scale, softcap, maxBias, sinks, Optional.of(bias));
  }
}
