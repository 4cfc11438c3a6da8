package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;

/**
 * A mixture of feed-forward experts, of which a router picks a few for each token: arXiv 2401.04088
 * (Mixtral). The picked experts' probabilities are scaled to a sum of one.
 *
 * @param router [nEmbd, nExpert]
 * @param gate [nEmbd, nFf, nExpert]
 * @param up [nEmbd, nFf, nExpert]
 * @param down [nFf, nEmbd, nExpert]
 * @param nExpertUsed experts for each token
 * @param il index of the layer, for the nodes' names
 */
public record Moe(Linear router, Experts gate, Experts up, Experts down, int nExpertUsed, int il) {
  /** The smallest normal F16: keeps a sum of probabilities that vanished from being a divisor. */
  private static final float SMALLEST = 0x1p-14f;

  /**
   * @param x F32 [nEmbd, nTokens]
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor apply(Tensor x) {
    long nEmbd = x.ne(0);
    long nTokens = x.ne(1);
    Tensor logits = router.apply(x).named("ffn_moe_logits", il); // [nExpert, nTokens]
    Tensor probs = logits.softMax().named("ffn_moe_probs", il);
    Tensor ids =
        probs.argsortTopK(nExpertUsed).named("ffn_moe_topk", il); // I32 [nExpertUsed, nTokens]
    Tensor shares = shares(probs, ids); // [1, nExpertUsed, nTokens]
    x.graph().expand(shares);

    Tensor rows = x.reshape(nEmbd, 1, nTokens);
    Tensor u = up.apply(rows, ids).named("ffn_moe_up", il); // [nFf, nExpertUsed, nTokens]
    Tensor g = gate.apply(rows, ids).named("ffn_moe_gate", il);
    Tensor h = g.swiglu(u).named("ffn_moe_swiglu", il);
    Tensor experts = down.apply(h, ids).named("ffn_moe_down", il); // [nEmbd, nExpertUsed, nTokens]
    experts = experts.mul(shares).named("ffn_moe_weighted", il);

    Tensor sum = expert(experts, 0); // [nEmbd, nTokens]
    for (int i = 1; i < nExpertUsed; i++) {
      sum = sum.add(expert(experts, i));
    }
    return (nExpertUsed == 1 ? sum.cont() : sum).named("ffn_moe_out", il);
  }

  private Tensor shares(Tensor probs, Tensor ids) {
    long nTokens = probs.ne(1);
    Tensor picked =
        probs.reshape(1, probs.ne(0), nTokens).getRows(ids); // [1, nExpertUsed, nTokens]
    Tensor p = picked.named("ffn_moe_weights", il).reshape(nExpertUsed, nTokens);
    Tensor total = p.sumRows().clamp(SMALLEST, Float.POSITIVE_INFINITY); // [1, nTokens]
    Tensor norm = p.div(total.named("ffn_moe_weights_sum_clamped", il));
    return norm.named("ffn_moe_weights_norm", il).reshape(1, nExpertUsed, nTokens);
  }

  private static Tensor expert(Tensor experts, int i) {
    return experts.view2d(experts.ne(0), experts.ne(2), experts.nb(2), i * experts.nb(1));
  }
}
