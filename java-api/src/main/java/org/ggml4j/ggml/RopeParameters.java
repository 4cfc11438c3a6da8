package org.ggml4j.ggml;

import java.util.List;
import java.util.Optional;
import org.ggml4j.bindings.ggml.Ggml;

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
 * @param sections how many pairs turn by each of a token's four positions (time, height, width,
 *     extra), arXiv 2409.12191; empty for the styles without
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
    Optional<Weight> factors,
    List<Integer> sections) {

  public RopeParameters {
    sections = List.copyOf(sections);
  }

  /** Without sections. */
  public RopeParameters(
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
    this(
        style,
        nRot,
        nCtxOrig,
        freqBase,
        freqScale,
        extFactor,
        attnFactor,
        betaFast,
        betaSlow,
        factors,
        List.of());
  }

  /** With other factors of the frequencies. */
  public RopeParameters withFactors(Optional<Weight> other) {
    return new RopeParameters(
        style,
        nRot,
        nCtxOrig,
        freqBase,
        freqScale,
        extFactor,
        attnFactor,
        betaFast,
        betaSlow,
        other,
        sections);
  }

  /** With other frequencies. */
  public RopeParameters withFrequency(float base, float scale) {
    return new RopeParameters(
        style,
        nRot,
        nCtxOrig,
        base,
        scale,
        extFactor,
        attnFactor,
        betaFast,
        betaSlow,
        factors,
        sections);
  }

  /** With another magnitude of the result. */
  public RopeParameters withAttnFactor(float factor) {
    return new RopeParameters(
        style, nRot, nCtxOrig, freqBase, freqScale, extFactor, factor, betaFast, betaSlow, factors,
        sections);
  }

  /** With other pairs. */
  public RopeParameters withStyle(Style other) {
    return new RopeParameters(
        other,
        nRot,
        nCtxOrig,
        freqBase,
        freqScale,
        extFactor,
        attnFactor,
        betaFast,
        betaSlow,
        factors,
        sections);
  }

  /** With sections, for a style that has them. */
  public RopeParameters withSections(List<Integer> other) {
    return new RopeParameters(
        style,
        nRot,
        nCtxOrig,
        freqBase,
        freqScale,
        extFactor,
        attnFactor,
        betaFast,
        betaSlow,
        factors,
        other);
  }

  /** With another number of turned elements. */
  public RopeParameters withRot(int n) {
    return new RopeParameters(
        style,
        n,
        nCtxOrig,
        freqBase,
        freqScale,
        extFactor,
        attnFactor,
        betaFast,
        betaSlow,
        factors,
        sections);
  }

  /** As in the original training: without any scaling for longer contexts. */
  public RopeParameters unscaled() {
    return new RopeParameters(
        style, nRot, nCtxOrig, freqBase, 1, 0, 1, betaFast, betaSlow, factors, sections);
  }

  /** Whether a head of that size can be turned so; else GGML would abort. */
  boolean fitsHead(long headDim) {
    if (style.positionsPerToken() == 1) {
      return sections.isEmpty();
    }
    if (sections.size() != Ggml.GGML_MROPE_SECTIONS()
        || sections.stream().anyMatch(n -> n < 0 || n > headDim)) {
      return false;
    }
    long sum = sections.stream().mapToLong(Integer::longValue).sum();
    boolean any = sections.get(0) + sections.get(1) + sections.get(2) > 0;
    return any && sum <= headDim && (style != Style.VISION || nRot == headDim / 2);
  }

  /**
   * The same turn without any change of magnitude, for keys that have that already. What GGML
   * multiplies by on its own account when {@code extFactor} is not zero is taken out. In a text,
   * the positions of all sections are one, so that pairs of halves turn as sections do.
   */
  public RopeParameters turnOnly() {
    float own = extFactor == 0 ? 1 : (float) (1 + 0.1 * Math.log(1 / freqScale));
    return new RopeParameters(
        style.positionsPerToken() == 1 ? style : Style.HALVES,
        nRot,
        nCtxOrig,
        freqBase,
        freqScale,
        extFactor,
        1 / own,
        betaFast,
        betaSlow,
        factors);
  }

  /** Pairing of elements; GGML's {@code GGML_ROPE_TYPE_*}. */
  public enum Style {
    /** Neighbours (2i, 2i+1), as in the paper and in Llama. */
    INTERLEAVED(0),
    /** Halves (i, i + nRot/2), as in GPT-NeoX. */
    HALVES(2),
    /** Halves, in sections behind each other that turn by different positions, as in Qwen2-VL. */
    SECTIONS(8),
    /** Halves, whose pairs take the sections by turns, as in Qwen3-VL. */
    INTERLEAVED_SECTIONS(40),
    /** As {@link #SECTIONS}, each section with frequencies of its own, as in vision encoders. */
    VISION(24);

    private final int mode;

    Style(int mode) {
      this.mode = mode;
    }

    /** How many positions a token has: 1, or 4 for the styles with sections. */
    public int positionsPerToken() {
      return mode < 8 ? 1 : 4;
    }

    int mode() {
      return mode;
    }
  }
}
