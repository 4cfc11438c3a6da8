package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * Kimi delta attention, arXiv 2510.26692: a gated delta rule whose decay is of each channel, behind
 * short convolutions of queries, keys and values.
 *
 * @param q [nEmbd, size * nHead], and so are k and v
 * @param convQ of the queries, and so on
 * @param fA what the decay comes from: [nEmbd, size], or without {@code fB} [nEmbd, size * nHead]
 * @param fB [size, size * nHead], if there is one
 * @param dt F32 [size * nHead], added to it
 * @param a F32 [1, nHead], factors of the heads
 * @param beta [nEmbd, nHead], how much of a value is put in
 * @param gA the gate of the result, as {@code fA}
 * @param gB the same, as {@code fB}
 * @param norm of a head of the result
 * @param lowerBound of the logarithm of the decay, which is a sigmoid's then; 0 for none
 */
public record KimiDelta(
    Linear q,
    Linear k,
    Linear v,
    ShortConv convQ,
    ShortConv convK,
    ShortConv convV,
    Linear fA,
    Optional<Linear> fB,
    Weight dt,
    Weight a,
    Linear beta,
    Linear gA,
    Optional<Linear> gB,
    RmsNorm norm,
    GatedDeltaRule rule,
    float lowerBound) {
  /**
   * {@code attn_q}, {@code ssm_conv1d_q}, {@code ssm_f_a} and so on, whose scales and biases
   * llama.cpp does not apply.
   *
   * @param nConv width of the convolutions
   * @param lowRank whether decay and gate are products of two
   */
  public static KimiDelta of(
      Weights w,
      long nEmbd,
      GatedDeltaRule rule,
      long nConv,
      float eps,
      boolean lowRank,
      float lowerBound) {
    int size = rule.headDim();
    long n = (long) size * rule.nHead();
    return new KimiDelta(
        plain("attn_q", nEmbd, n, w),
        plain("attn_k", nEmbd, n, w),
        plain("attn_v", nEmbd, n, w),
        conv("ssm_conv1d_q", nConv, n, w),
        conv("ssm_conv1d_k", nConv, n, w),
        conv("ssm_conv1d_v", nConv, n, w),
        plain("ssm_f_a", nEmbd, lowRank ? size : n, w),
        lowRank ? Optional.of(plain("ssm_f_b", size, n, w)) : Optional.empty(),
        w.vector("ssm_dt.bias", n),
        w.table("ssm_a", 1, rule.nHead()),
        plain("ssm_beta", nEmbd, rule.nHead(), w),
        plain("ssm_g_a", nEmbd, lowRank ? size : n, w),
        lowRank ? Optional.of(plain("ssm_g_b", size, n, w)) : Optional.empty(),
        w.rmsNorm("ssm_norm", size, eps),
        rule,
        lowerBound);
  }

  private static Linear plain(String name, long in, long out, Weights w) {
    return w.linear(name, in, out).withoutScale().withoutBias();
  }

  private static ShortConv conv(String name, long nConv, long n, Weights w) {
    return new ShortConv(w.table(name + ".weight", nConv, 1, n), Optional.empty());
  }

  /** The states of the convolutions, then that of the rule. */
  public LayerMemory.Recurrent memory() {
    int conv = convQ.stateSize();
    return LayerMemory.Recurrent.of(conv, conv, conv, rule.stateSize());
  }

  /**
   * @param x F32 [nEmbd, nTokens]
   * @param eps of the norms of queries and keys
   * @return F32 [size * nHead, nTokens]
   */
  public Tensor apply(Tensor x, KvCache kv, int il, float eps) {
    int size = rule.headDim();
    Tensor qs = convQ.apply(q.apply(x), kv.state(il, 0)).silu().splitHeads(size);
    Tensor ks = convK.apply(k.apply(x), kv.state(il, 1)).silu().splitHeads(size);
    Tensor vs = convV.apply(v.apply(x), kv.state(il, 2)).silu(); // [size * nHead, nTokens]
    Tensor f = product(fA, fB, x).add(x.graph().use(dt));
    Tensor heads = (lowerBound == 0 ? f.softplus() : f).splitHeads(size).mul(x.graph().use(a));
    Tensor g = (lowerBound == 0 ? heads : heads.sigmoid().scale(lowerBound)).mergeHeads();
    Tensor b = beta.apply(x).sigmoid(); // [nHead, nTokens]
    qs = GatedDeltaRule.normalised(qs, eps).mergeHeads();
    ks = GatedDeltaRule.normalised(ks, eps).mergeHeads();
    Tensor y = rule.apply(qs, ks, vs, g, b, kv.state(il, 3)).splitHeads(size);
    Tensor gate = product(gA, gB, x).splitHeads(size).sigmoid();
    return norm.apply(y).mul(gate).mergeHeads();
  }

  private static Tensor product(Linear first, Optional<Linear> second, Tensor x) {
    Tensor y = first.apply(x);
    return second.isPresent() ? second.get().apply(y) : y;
  }
}
