package org.ggml4j.arch;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/** How queries and keys are turned by their positions, as the file's keys say it. */
public sealed interface HparamsRope permits Hparams {
  /** The file's keys. */
  Keys keys();

  /** Name of the architecture. */
  String architecture();

  /** How many of a head's elements are turned. */
  int nRot();

  /** How positions beyond the training's are treated. */
  RopeScaling ropeScaling();

  /**
   * The rotation of this model's queries and keys, with the factors of its frequencies that the
   * file has: {@code rope_freqs}, or for longrope {@code rope_factors_short} and {@code
   * rope_factors_long}.
   */
  default Rope rope(RopeParameters.Style style, Weights w) {
    if (!ropeScaling().type().equals("longrope")) {
      return rope(style, w.shared("rope_freqs.weight", nRot() / 2));
    }
    Rope rope = longRope(style, w);
    if (rope.longFactors().isEmpty() || rope.parameters().factors().isEmpty()) {
      throw new UnsupportedModelException(
          architecture() + ".rope.scaling.type: longrope needs rope_factors_long and _short");
    }
    return rope;
  }

  /**
   * The rotation with the factors {@code rope_factors_short} and {@code rope_factors_long}, those
   * that the file has, whatever it says about scaling; as Phi 3 does.
   */
  default Rope longRope(RopeParameters.Style style, Weights w) {
    Optional<Weight> near = w.shared("rope_factors_short.weight", nRot() / 2);
    return rope(style, near).withLongFactors(w.shared("rope_factors_long.weight", nRot() / 2));
  }

  /** The rotation of this model's queries and keys. */
  default Rope rope(RopeParameters.Style style, Optional<Weight> factors) {
    RopeScaling s = ropeScaling();
    RopeParameters p =
        new RopeParameters(
            style,
            nRot(),
            s.nCtxOrig(),
            s.freqBase(),
            s.type().equals("none") ? 1 : 1 / s.factor(),
            s.extFactor(),
            s.attnFactor(),
            s.betaFast(),
            s.betaSlow(),
            factors);
    return Rope.of(style.positionsPerToken() == 1 ? p : p.withSections(sections()));
  }

  /** Whether a token has several positions, by {@code ARCH.rope.dimension_sections}. */
  default boolean hasSections() {
    String key = "rope.dimension_sections";
    return keys().has(key) && Arrays.stream(keys().integers(key)).limit(2).allMatch(n -> n > 0);
  }

  private List<Integer> sections() {
    String key = "rope.dimension_sections";
    int[] found = keys().integers(key);
    if (found.length < 1 || found.length > 4) {
      throw keys().bad(key, Arrays.toString(found), "up to four numbers");
    }
    return Arrays.stream(Arrays.copyOf(found, 4)).boxed().toList();
  }
}
