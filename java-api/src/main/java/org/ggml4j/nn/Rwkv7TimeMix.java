package org.ggml4j.nn;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * RWKV-7's time mixing, arXiv 2503.14456: a matrix for each head that decays and in which what a
 * key stands for is replaced, at a rate of each channel; all that goes into it is mixed of a token
 * and the one before. llama.cpp's src/models/rwkv7-base.cpp.
 *
 * @param lerpFused [nEmbd, 1, 1, 5 or 6], how much of the token before goes into r, w, k, v, a and
 *     g
 * @param w of the decay
 * @param a of the rate
 * @param v of the part of the first layer's values
 * @param gate of the result, if there is one
 * @param kK F32 [nEmbd], factors of the keys that are removed
 * @param kA F32 [nEmbd], how much the rate counts for the keys
 * @param rK F32 [nEmbd], weights of the present token
 * @param ln of each head of the result, if there is one
 * @param headSize of one head
 */
public record Rwkv7TimeMix(
    Weight lerpFused,
    LowRank w,
    LowRank a,
    LowRank v,
    Optional<LowRank> gate,
    Weight kK,
    Weight kA,
    Weight rK,
    Linear key,
    Linear value,
    Linear receptance,
    Optional<LayerNorm> ln,
    Linear output,
    int headSize) {
  /** A sum of a vector, if there is one, and of a product of low rank. */
  public record LowRank(Optional<Weight> base, Linear down, Linear up) {
    private Tensor based(Tensor product) {
      return product.add(product.graph().use(base.orElseThrow()));
    }
  }

  /** Ranks of decay, rate, part of the first layer's values and gate, of which 0 is for none. */
  public record Ranks(int decay, int rate, int values, int gate) {}

  private static final float DECAY = -0.606531f; // minus exp(-0.5)

  /** {@code time_mix_w0} and so on. */
  public static Rwkv7TimeMix of(
      Weights w, int nEmbd, int headSize, Ranks ranks, Optional<LayerNorm> ln) {
    boolean gated = ranks.gate > 0;
    return new Rwkv7TimeMix(
        w.table("time_mix_lerp_fused.weight", nEmbd, 1, 1, gated ? 6 : 5),
        lowRank("w", nEmbd, ranks.decay, w),
        lowRank("a", nEmbd, ranks.rate, w),
        // that of the first layer is not used, and has the rank of the rate
        lowRank("v", nEmbd, w.il() == 0 ? ranks.rate : ranks.values, w),
        gated
            ? Optional.of(
                new LowRank(
                    Optional.empty(),
                    w.linear("time_mix_g1", nEmbd, ranks.gate),
                    w.linear("time_mix_g2", ranks.gate, nEmbd)))
            : Optional.empty(),
        w.vector("time_mix_k_k.weight", nEmbd),
        w.vector("time_mix_k_a.weight", nEmbd),
        w.vector("time_mix_r_k.weight", nEmbd),
        w.linear("time_mix_key", nEmbd, nEmbd),
        w.linear("time_mix_value", nEmbd, nEmbd),
        w.linear("time_mix_receptance", nEmbd, nEmbd),
        ln,
        w.linear("time_mix_output", nEmbd, nEmbd),
        headSize);
  }

  private static LowRank lowRank(String name, long nEmbd, long rank, Weights w) {
    String prefix = "time_mix_" + name;
    return new LowRank(
        Optional.of(w.vector(prefix + "0.weight", nEmbd)),
        w.linear(prefix + "1", nEmbd, rank),
        w.linear(prefix + "2", rank, nEmbd));
  }

  private Tensor lerp(int i, Tensor x, Tensor before) {
    long n = x.ne(0);
    return before.mul(x.graph().use(lerpFused).view1d(n, 4 * n * i)).add(x);
  }

  /**
   * Values, mixed with those of the first layer.
   *
   * @param x F32 [nEmbd, nTokens]
   * @param before of the token before less x
   * @param firstValue those of the first layer, if this is not the first
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor values(Tensor x, Tensor before, Optional<Tensor> firstValue) {
    Tensor xv = lerp(3, x, before);
    Tensor y = value.apply(xv);
    return firstValue.isEmpty()
        ? y
        : y.add(firstValue.get().sub(y).mul(v.based(v.up.apply(v.down.apply(xv))).sigmoid()));
  }

  /**
   * @param x F32 [nEmbd, nTokens]
   * @param before of the token before less x
   * @param values F32 [nEmbd, nTokens]
   * @param state of headSize * nEmbd numbers
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor apply(Tensor x, Tensor before, Tensor values, SequenceState state) {
    Tensor r = receptance.apply(lerp(0, x, before)); // [nEmbd, nTokens]
    Tensor d = w.based(w.up.apply(w.down.apply(lerp(1, x, before)).tanh()));
    d = d.sigmoid().scale(DECAY).exp();
    Tensor k = key.apply(lerp(2, x, before));
    Tensor rate = a.based(a.up.apply(a.down.apply(lerp(4, x, before)))).sigmoid();
    Optional<Tensor> g =
        gate.map(l -> l.up.apply(l.down.apply(lerp(5, x, before)).sigmoid())); // [nEmbd, nTokens]
    Tensor removed = k.mul(x.graph().use(kK)).splitHeads(headSize).l2Norm(1e-12f).mergeHeads();
    Tensor ka = k.mul(x.graph().use(kA));
    k = k.add(rate.mul(ka).sub(ka));
    Tensor y = recurrence(state, r, d, k, values, removed.neg(), removed.mul(rate));
    if (ln.isPresent()) {
      LayerNorm n = ln.get();
      y = y.splitHeads(headSize).norm(n.eps()).mergeHeads().affine(n.weight(), n.bias());
    }
    Tensor weights = x.graph().use(rK).reshape(headSize, x.ne(0) / headSize);
    Tensor bonus = k.mul(r).splitHeads(headSize).mul(weights).sumRows(); // [1, nHead, nTokens]
    y = y.add(values.splitHeads(headSize).mul(bonus).mergeHeads());
    return output.apply(g.isPresent() ? y.mul(g.get()) : y); // [nEmbd, nTokens]
  }

  private Tensor recurrence(SequenceState state, Tensor... rwkvab) {
    long nEmbd = rwkvab[0].ne(0);
    return state.step(
        (run, in) -> {
          long n = (long) run.nTokens() * run.nSeq();
          List<Tensor> h = in.stream().map(x -> x.reshape(headSize, nEmbd / headSize, n)).toList();
          Tensor y =
              run.previous().rwkvWkv7(h.get(0), h.get(1), h.get(2), h.get(3), h.get(4), h.get(5));
          run.keep(y.view1d(headSize * nEmbd * run.nSeq(), 4 * n * nEmbd));
          return y.view1d(n * nEmbd, 0);
        },
        rwkvab);
  }
}
