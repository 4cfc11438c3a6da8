package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * Frequencies of rotary positions and their scaling.
 *
 * @param freqBase {@code ARCH.rope.freq_base}, by default 10000
 * @param type {@code ARCH.rope.scaling.type}: none, linear, yarn or longrope
 * @param factor {@code ARCH.rope.scaling.factor}: how much longer the context has become
 * @param nCtxOrig {@code ARCH.rope.scaling.original_context_length}, by default nCtxTrain
 * @param attnFactor {@code ARCH.rope.scaling.attn_factor} times YaRN's own
 * @param extFactor {@code ARCH.rope.scaling.yarn_ext_factor}, below 0: 1 for yarn, else 0
 * @param betaFast {@code ARCH.rope.scaling.yarn_beta_fast}
 * @param betaSlow {@code ARCH.rope.scaling.yarn_beta_slow}
 */
public record RopeScaling(
    float freqBase,
    String type,
    float factor,
    int nCtxOrig,
    float attnFactor,
    float extFactor,
    float betaFast,
    float betaSlow) {
  /** No scaling at all. */
  public static RopeScaling none(float freqBase, int nCtxTrain) {
    return new RopeScaling(freqBase, "none", 1, nCtxTrain, 1, 0, 32, 1);
  }

  /** As the keys say. */
  static RopeScaling of(Keys k, int nCtxTrain) {
    String type = k.text("rope.scaling.type", "linear");
    List<String> known = List.of("none", "linear", "yarn", "longrope");
    if (!known.contains(type)) {
      throw new UnsupportedModelException(k.full("rope.scaling.type"), type, known);
    }
    String key = k.has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
    float factor = k.number(key, 0);
    if (factor < 0) {
      throw k.bad(key, factor, "a number above 0");
    }
    factor = factor == 0 ? 1 : factor;
    int nCtxOrig = k.size("rope.scaling.original_context_length", 0);
    float ext = k.number("rope.scaling.yarn_ext_factor", -1);
    ext = ext < 0 ? (type.equals("yarn") ? 1 : 0) : ext;
    float attn = k.number("rope.scaling.yarn_attn_factor", 1);
    float logMul = k.number("rope.scaling.yarn_log_multiplier", 0);
    if (ext != 0) {
      attn = yarnAttnFactor(logMul, type.equals("none") ? 1 : factor);
    }
    return new RopeScaling(
        k.positive("rope.freq_base", 10000f),
        type,
        factor,
        nCtxOrig == 0 ? nCtxTrain : nCtxOrig,
        attn * k.number("rope.scaling.attn_factor", 1),
        ext,
        k.number("rope.scaling.yarn_beta_fast", 32),
        k.number("rope.scaling.yarn_beta_slow", 1));
  }

  /**
   * YaRN's magnitude, with the one that GGML's operation applies by itself taken out again
   * (src/llama-context.cpp).
   */
  private static float yarnAttnFactor(float logMul, float factor) {
    float own = (float) (1 / (1 + 0.1 * Math.log(factor)));
    return logMul == 0
        ? magnitude(factor, 1) * own
        : magnitude(factor, 1) / magnitude(factor, logMul) * own;
  }

  private static float magnitude(float factor, float mscale) {
    return factor <= 1 ? 1 : (float) (0.1 * mscale * Math.log(factor) + 1);
  }
}
