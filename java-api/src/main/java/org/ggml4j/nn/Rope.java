package org.ggml4j.nn;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * Rotary position embedding, arXiv 2104.09864: queries and keys are turned by their position.
 *
 * @param parameters what is turned and how far
 * @param longFactors factors of the frequencies that replace the others in a session with a longer
 *     context than the original training's (LongRoPE, arXiv 2402.13753), if any
 */
public record Rope(RopeParameters parameters, Optional<Weight> longFactors) {
  /** With the same factors in every context. */
  public static Rope of(RopeParameters parameters) {
    return new Rope(parameters, Optional.empty());
  }

  /** With other factors in a long context. */
  public Rope withLongFactors(Optional<Weight> factors) {
    return new Rope(parameters, factors);
  }

  /**
   * With other frequencies.
   *
   * @param base of the frequencies
   * @param scale factor of the positions
   */
  public Rope withFrequency(float base, float scale) {
    return new Rope(parameters.withFrequency(base, scale), longFactors);
  }

  /** With another base of the frequencies, as layers with a window have. */
  public Rope withBase(float base) {
    return withFrequency(base, parameters.freqScale());
  }

  /** With other parameters. */
  public Rope with(UnaryOperator<RopeParameters> change) {
    return new Rope(change.apply(parameters), longFactors);
  }

  /**
   * Turns by the positions of the batch's tokens.
   *
   * @param x F32 [headDim, nHead, nTokens]
   * @return the same shape
   */
  public Tensor apply(Tensor x, Inputs in) {
    boolean sections = parameters.style().positionsPerToken() > 1;
    return x.ropeExt(sections ? in.sectionPositions() : in.positions(), in(in.nCtx()));
  }

  /**
   * Turns what has its magnitude already, such as keys that move to other positions.
   *
   * @param x F32 [headDim, nHead, n]
   * @param positions I32 [n]
   * @param nCtx context of the session
   * @return the same shape
   */
  public Tensor turn(Tensor x, Tensor positions, int nCtx) {
    return x.ropeExt(positions, in(nCtx).turnOnly());
  }

  /**
   * Whether keys can be turned to other positions: not where pairs turn by a token's fourth
   * position, which is 0 wherever the token is.
   */
  public boolean canShift() {
    return parameters.sections().size() < 4 || parameters.sections().get(3) == 0;
  }

  private RopeParameters in(int nCtx) {
    return longFactors.isPresent() && nCtx > parameters.nCtxOrig()
        ? parameters.withFactors(longFactors)
        : parameters;
  }
}
