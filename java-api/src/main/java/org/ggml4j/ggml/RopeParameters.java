package org.ggml4j.ggml;

import java.util.Optional;

/**
 * How rotary position embedding turns a head; the parameters of GGML's {@code rope_ext}.
 *
 * @param style which elements form the pairs that are turned
 * @param nRot number of elements of a head that are turned, even
 * @param nCtxOrig context length of the original training, tokens; used by YaRN
 * @param freqBase base of the frequencies
 * @param freqScale factor of the positions: 1 / scaling factor
 * @param extFactor YaRN's mix of extrapolation, 0 for none; arXiv 2309.00071
 * @param attnFactor factor of the result's magnitude
 * @param betaFast YaRN's number of turns above which a frequency is left alone
 * @param betaSlow YaRN's number of turns below which it is interpolated
 * @param factors F32 [nRot / 2], by which each frequency is divided (Llama 3.1), if any
 */
public record RopeParameters(
    Style style,
    int nRot,
    int nCtxOrig,
    float freqBase,
    float freqScale,
    float extFactor,
    float attnFactor,
    float betaFast,
    float betaSlow,
    Optional<Weight> factors) {

  /**
   * The same turn without any change of magnitude, for keys that have that already. What GGML
   * multiplies by on its own account when {@code extFactor} is not zero is taken out.
   */
  public RopeParameters turnOnly() {
    float own = extFactor == 0 ? 1 : (float) (1 + 0.1 * Math.log(1 / freqScale));
    return new RopeParameters(
        style, nRot, nCtxOrig, freqBase, freqScale, extFactor, 1 / own, betaFast, betaSlow,
        factors);
  }

  /** Pairing of elements; GGML's {@code GGML_ROPE_TYPE_*}. */
  public enum Style {
    /** Neighbours (2i, 2i+1), as in the paper and in Llama. */
    INTERLEAVED(0),
    /** Halves (i, i + nRot/2), as in GPT-NeoX. */
    HALVES(2);

    private final int mode;

    Style(int mode) {
      this.mode = mode;
    }

    int mode() {
      return mode;
    }
  }
}
