package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * What Mamba-2 has in the place of attention: as {@link MambaMixer}, but with heads that have one
 * decay each, and with everything that depends on the token from one product. arXiv 2405.21060;
 * llama.cpp's {@code build_mamba2_layer}.
 *
 * @param ssmIn [nEmbd, 2 nInner + 2 nGroup nState + nHead]: gates, channels, inputs, outputs, step
 *     lengths
 * @param ssmConv1d over channels, inputs and outputs
 * @param ssmDt F32 [nHead], added to the step lengths
 * @param scan the recurrence
 * @param ssmD F32 [1, nHead], what of a head passes by
 * @param ssmNorm of each group by itself, if there is one
 * @param ssmOut [nInner, nEmbd]
 * @param size the sizes
 */
public record Mamba2Mixer(
    Linear ssmIn,
    ShortConv ssmConv1d,
    Weight ssmDt,
    SelectiveScan scan,
    Weight ssmD,
    Optional<RmsNorm> ssmNorm,
    Linear ssmOut,
    StateSpace size) {
  /** The weights of a block; there is a norm if the file has one. */
  public static Mamba2Mixer withOptionalNorm(Weights w, StateSpace s, float eps) {
    return of(w, s, w.has("ssm_norm.weight") ? Optional.of(norm(w, s, eps)) : Optional.empty());
  }

  /** The weights of a block. */
  public static Mamba2Mixer of(Weights w, StateSpace s, float eps) {
    return of(w, s, Optional.of(norm(w, s, eps)));
  }

  private static RmsNorm norm(Weights w, StateSpace s, float eps) {
    Weight weight = w.table("ssm_norm.weight", s.nInner() / s.nGroup(), s.nGroup());
    return new RmsNorm(weight, eps, "ssm_norm-" + w.il());
  }

  private static Mamba2Mixer of(Weights w, StateSpace s, Optional<RmsNorm> norm) {
    int nHead = s.rank();
    long nConv = s.nInner() + 2L * s.nGroup() * s.nState();
    return new Mamba2Mixer(
        w.linear("ssm_in", s.nEmbd(), s.nInner() + nConv + nHead),
        w.shortConv("ssm_conv1d", s.nConv(), nConv),
        w.vector("ssm_dt.bias", nHead),
        new SelectiveScan(
            w.table("ssm_a", 1, nHead), s.nState(), s.nInner() / nHead, nHead, s.nGroup()),
        w.table("ssm_d", 1, nHead),
        norm,
        w.linear("ssm_out", s.nInner(), s.nEmbd()),
        s);
  }

  /** What it keeps of a sequence, the convolution's part first. */
  public LayerMemory.Recurrent memory() {
    return LayerMemory.Recurrent.of(ssmConv1d.stateSize(), scan.stateSize());
  }

  /**
   * @param u F32 [nEmbd, nTokens]
   * @param il the layer, whose states {@link #memory} describes
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor apply(Tensor u, KvCache kv, int il) {
    long n = size.nInner();
    long nBc = (long) size.nGroup() * size.nState();
    int headDim = scan.headDim();
    int nHead = scan.nHead();
    SequenceState convState = kv.state(il, 0);
    SequenceState scanState = kv.state(il, 1);
    Tensor all = ssmIn.apply(u); // [2 nInner + 2 nGroup nState + nHead, nTokens]
    Tensor xbc = ssmConv1d.apply(all.columns(n, n + 2 * nBc), convState).silu();
    Tensor dt = all.columns(2 * n + 2 * nBc, nHead).cont().add(u.graph().use(ssmDt));
    Tensor b = xbc.columns(n, nBc); // [nGroup nState, nTokens]
    Tensor c = xbc.columns(n + nBc, nBc);
    Tensor y = scan.apply(xbc.columns(0, n), dt, b, c, scanState); // [nInner, nTokens]
    Tensor past = xbc.heads(0, headDim, nHead).mul(u.graph().use(ssmD));
    y = y.splitHeads(headDim).add(past).named("mamba2_y_add_d", il).mergeHeads();
    y = all.columns(0, n).cont().swiglu(y);
    if (ssmNorm.isPresent()) {
      y = ssmNorm.get().apply(y.splitHeads(n / size.nGroup())).mergeHeads();
    }
    return ssmOut.apply(y).named("mamba_out", il); // [nEmbd, nTokens]
  }
}
