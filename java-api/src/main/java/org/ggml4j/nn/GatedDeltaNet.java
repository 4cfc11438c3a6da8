package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * What Qwen 3.5 and Qwen3-Next have in the place of most attention: a short convolution over
 * queries, keys and values, a {@link GatedDeltaRule} whose decay and rate follow from the token,
 * and a gate. Gated delta networks, arXiv 2412.06464; llama.cpp's delta-net-base.cpp.
 *
 * @param attnQkv [nEmbd, headDim * (2 nHeadK + nHead)]
 * @param attnGate [nEmbd, headDim * nHead]
 * @param ssmConv1d over what attnQkv gives
 * @param ssmDt F32 [nHead], added to the step lengths
 * @param ssmA F32 [nHead], the decays
 * @param ssmNorm of a head, F32 [headDim]
 * @param ssmOut [headDim * nHead, nEmbd]
 * @param rule the recurrence
 * @param nHeadK heads of queries and of keys; if the rule has as many as there are heads of values,
 *     each is repeated for those that follow each other
 */
public record GatedDeltaNet(
    Linear attnQkv,
    Linear attnGate,
    ShortConv ssmConv1d,
    Weight ssmDt,
    Weight ssmA,
    RmsNorm ssmNorm,
    Linear ssmOut,
    GatedDeltaRule rule,
    int nHeadK) {
  /** The weights of a block, of which {@code s.nGroup()} is the number of heads of keys. */
  public static GatedDeltaNet of(Weights w, StateSpace s, GatedDeltaRule rule, float eps) {
    long nKey = (long) rule.headDim() * s.nGroup();
    long nValue = (long) rule.headDim() * rule.nHead();
    return new GatedDeltaNet(
        w.linear("attn_qkv", s.nEmbd(), 2 * nKey + nValue),
        w.linear("attn_gate", s.nEmbd(), nValue),
        w.shortConv("ssm_conv1d", s.nConv(), 2 * nKey + nValue),
        w.vector("ssm_dt.bias", rule.nHead()),
        w.vector("ssm_a", rule.nHead()),
        w.rmsNorm("ssm_norm", rule.headDim(), eps),
        w.linear("ssm_out", nValue, s.nEmbd()),
        rule,
        s.nGroup());
  }

  /** The same without scales of the products, for what llama.cpp computes without them. */
  public GatedDeltaNet withoutScales() {
    return new GatedDeltaNet(
        attnQkv.withoutScale(),
        attnGate.withoutScale(),
        ssmConv1d,
        ssmDt,
        ssmA,
        ssmNorm,
        ssmOut.withoutScale(),
        rule,
        nHeadK);
  }

  /** What it keeps of a sequence, the convolution's part first. */
  public LayerMemory.Recurrent memory() {
    return LayerMemory.Recurrent.of(ssmConv1d.stateSize(), rule.stateSize());
  }

  /**
   * @param x F32 [nEmbd, nTokens]
   * @param alpha F32 [nHead, nTokens], step lengths before the softplus
   * @param beta F32 [nHead, nTokens], rates before the sigmoid
   * @param il the layer, whose states {@link #memory} describes
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor apply(Tensor x, Tensor alpha, Tensor beta, KvCache kv, int il) {
    int headDim = rule.headDim();
    long nKey = (long) headDim * nHeadK;
    Tensor z = attnGate.apply(x).splitHeads(headDim); // [headDim, nHead, nTokens]
    Tensor dt = alpha.add(x.graph().use(ssmDt)).softplus();
    Tensor g = dt.mul(x.graph().use(ssmA)); // [nHead, nTokens]
    Tensor qkv = ssmConv1d.apply(attnQkv.apply(x), kv.state(il, 0)).silu();
    Tensor q = keys(qkv.heads(0, headDim, nHeadK));
    Tensor k = keys(qkv.heads(nKey, headDim, nHeadK));
    Tensor v = qkv.columns(2 * nKey, (long) headDim * rule.nHead());
    Tensor y = rule.apply(q, k, v, g, beta.sigmoid(), kv.state(il, 1));
    y = ssmNorm.apply(y.splitHeads(headDim)).mul(z.silu()); // [headDim, nHead, nTokens]
    return ssmOut.apply(y.mergeHeads()); // [nEmbd, nTokens]
  }

  /** Of length one, and as many as the rule wants: F32 [headDim * rule.nHeadK, nTokens]. */
  private Tensor keys(Tensor heads) {
    Tensor x = GatedDeltaRule.normalised(heads, ssmNorm.eps());
    if (rule.nHeadK() == nHeadK) {
      return x.mergeHeads();
    }
    long headDim = x.ne(0);
    long n = x.ne(1) * x.ne(2);
    Tensor all = x.reshape(headDim, 1, n).repeat(headDim, rule.nHeadK() / nHeadK, n);
    return all.reshape(headDim * rule.nHeadK(), x.ne(2));
  }
}
