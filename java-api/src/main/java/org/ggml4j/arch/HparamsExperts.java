package org.ggml4j.arch;

import org.ggml4j.nn.Moe;

/** How experts are chosen, as the file's keys say it. */
public sealed interface HparamsExperts permits Hparams {
  /** The file's keys. */
  Keys keys();

  /** Number of experts of a layer. */
  int nExpert();

  /** How many of them a token has. */
  int nExpertUsed();

  /**
   * How experts are chosen and weighed, with what the file says by {@code
   * ARCH.expert_weights_scale}, {@code ARCH.expert_group_count} and {@code
   * ARCH.expert_group_used_count}.
   *
   * @param normalised whether the chosen ones' probabilities are scaled to a sum of one
   */
  default Moe.Routing routing(Moe.Gating gating, boolean normalised) {
    int nGroups = keys().size("expert_group_count", 0);
    int nUsed = keys().size("expert_group_used_count", 0);
    if (nGroups > 1) {
      if (nExpert() % nGroups != 0 || nExpert() / nGroups < 2) {
        throw keys()
            .bad("expert_group_count", nGroups, "a divisor of the " + nExpert() + " experts");
      }
      if (nUsed < 1 || nUsed >= nGroups) {
        throw keys().bad("expert_group_used_count", nUsed, "1 or more, fewer than " + nGroups);
      }
      if (nUsed * (nExpert() / nGroups) < nExpertUsed()) {
        throw keys().bad("expert_used_count", nExpertUsed(), "no more than the used groups have");
      }
    }
    if (normalised) {
      keys().ignore("expert_weights_norm"); // says the same
    }
    return Moe.Routing.of(gating, nExpertUsed(), normalised)
        .withScale(keys().number("expert_weights_scale", 0))
        .withGroups(nGroups, nUsed);
  }

  /** {@code ARCH.expert_gating_func}, which the file must say. */
  default Moe.Gating gating() {
    return Moe.Gating.of(keys().size("expert_gating_func"));
  }

  /** {@code ARCH.expert_gating_func}, {@code fallback} if the file says nothing or 0. */
  default Moe.Gating gating(Moe.Gating fallback) {
    int number = keys().size("expert_gating_func", 0);
    return number == 0 ? fallback : Moe.Gating.of(number);
  }
}
