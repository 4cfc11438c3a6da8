package org.ggml4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * What RWKV-6 makes of a token and the one before it: mixtures for the decay, the key, the value,
 * the receptance and the gate, at rates that depend on both tokens; arXiv 2404.05892, llama.cpp's
 * src/models/rwkv6-base.cpp.
 *
 * @param lerpX F32 [nEmbd], rate of the mixture that the other rates come from
 * @param w1 [nEmbd, 5 rank]
 * @param w2 [rank, nEmbd, 5]
 * @param lerps the rates to which these are added: F32 [nEmbd] of each of the five, or one of [5
 *     nEmbd]
 * @param decay F32 [nEmbd], to which the product of the next two is added
 * @param decayW1 [nEmbd, decayRank]
 * @param decayW2 [decayRank, nEmbd]
 */
public record Rwkv6Mix(
    Weight lerpX,
    Linear w1,
    Weight w2,
    List<Weight> lerps,
    Weight decay,
    Linear decayW1,
    Linear decayW2) {
  /** The mixtures, each F32 [nEmbd, nTokens]. */
  public record Mixed(Tensor w, Tensor k, Tensor v, Tensor r, Tensor g) {}

  private static final int N_MIXED = 5;

  public Rwkv6Mix {
    lerps = List.copyOf(lerps);
  }

  /** {@code time_mix_lerp_x}, {@code time_mix_w1}, {@code time_mix_decay} and so on. */
  public static Rwkv6Mix of(Weights w, long nEmbd, long rank, long decayRank) {
    List<Weight> lerps = new ArrayList<>();
    if (w.has("time_mix_lerp_w.weight")) { // older files
      for (String part : List.of("w", "k", "v", "r", "g")) {
        lerps.add(w.table("time_mix_lerp_" + part + ".weight", nEmbd, 1, 1));
      }
    } else {
      lerps.add(w.table("time_mix_lerp_fused.weight", nEmbd, 1, 1, N_MIXED));
    }
    return new Rwkv6Mix(
        w.table("time_mix_lerp_x.weight", nEmbd, 1, 1),
        w.linear("time_mix_w1", nEmbd, N_MIXED * rank),
        w.matrix("time_mix_w2.weight", rank, nEmbd, N_MIXED),
        lerps,
        w.vector("time_mix_decay.weight", nEmbd),
        w.linear("time_mix_decay_w1", nEmbd, decayRank),
        w.linear("time_mix_decay_w2", decayRank, nEmbd));
  }

  /**
   * @param x F32 [nEmbd, nTokens]
   * @param difference F32 [nEmbd, nTokens], of the token before and x
   */
  public Mixed apply(Tensor x, Tensor difference) {
    Tensor first = difference.mul(x.graph().use(lerpX)).add(x);
    Tensor t = w1.apply(first).tanh().splitHeads(w2.ne(0)); // [rank, 5, nTokens]
    Tensor rates = x.graph().use(w2).mulMat(t.permute(0, 2, 1, 3).cont()); // [nEmbd, nTokens, 5]
    Tensor[] mixed = new Tensor[N_MIXED];
    for (int i = 0; i < N_MIXED; i++) {
      Tensor rate = rates.view2d(x.ne(0), x.ne(1), rates.nb(1), i * rates.nb(2));
      mixed[i] = rate.add(lerp(x, i)).mul(difference).add(x);
    }
    return new Mixed(mixed[0], mixed[1], mixed[2], mixed[3], mixed[4]);
  }

  private Tensor lerp(Tensor x, int i) {
    return lerps.size() == 1
        ? x.graph().use(lerps.get(0)).view1d(x.ne(0), 4 * x.ne(0) * i)
        : x.graph().use(lerps.get(i)).view1d(x.ne(0), 0);
  }

  /**
   * What is left of a state after a token.
   *
   * @param w F32 [nEmbd, nTokens], the first mixture
   * @return the same shape, 0 to 1
   */
  public Tensor decays(Tensor w) {
    Tensor d = decayW2.apply(decayW1.apply(w).tanh()).add(w.graph().use(decay));
    return d.exp().neg().exp();
  }
}
