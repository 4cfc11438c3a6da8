package org.ggml4j.nn;

import java.util.function.UnaryOperator;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * What Mamba has in the place of attention: a short convolution, a {@link SelectiveScan} whose step
 * length, input and output follow from the token, and a gate. arXiv 2312.00752; llama.cpp's {@code
 * build_mamba_layer}.
 *
 * @param ssmIn [nEmbd, 2 nInner], the channels and their gates
 * @param ssmConv1d over nInner channels
 * @param ssmX [nInner, rank + 2 nState]: step lengths of low rank, input, output
 * @param norms of these three
 * @param ssmDt [rank, nInner]
 * @param scan the recurrence
 * @param ssmD F32 [nInner], what of a channel passes by
 * @param ssmOut [nInner, nEmbd]
 * @param size the sizes
 */
public record MambaMixer(
    Linear ssmIn,
    ShortConv ssmConv1d,
    Linear ssmX,
    Norms norms,
    Linear ssmDt,
    SelectiveScan scan,
    Weight ssmD,
    Linear ssmOut,
    StateSpace size) {
  /** What normalises the step lengths, the input and the output. */
  public record Norms(UnaryOperator<Tensor> dt, UnaryOperator<Tensor> b, UnaryOperator<Tensor> c) {
    /** The same for all. */
    public static Norms all(UnaryOperator<Tensor> norm) {
      return new Norms(norm, norm, norm);
    }
  }

  /** The weights of a block. */
  public static MambaMixer of(Weights w, StateSpace s, Norms norms) {
    return new MambaMixer(
        w.linear("ssm_in", s.nEmbd(), 2L * s.nInner()),
        w.shortConv("ssm_conv1d", s.nConv(), s.nInner()),
        w.linear("ssm_x", s.nInner(), s.rank() + 2L * s.nState()),
        norms,
        w.linear("ssm_dt", s.rank(), s.nInner()),
        new SelectiveScan(w.table("ssm_a", s.nState(), s.nInner()), s.nState(), 1, s.nInner(), 1),
        w.vector("ssm_d", s.nInner()),
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
    long nState = size.nState();
    long rank = size.rank();
    SequenceState convState = kv.state(il, 0);
    SequenceState scanState = kv.state(il, 1);
    Tensor xz = ssmIn.apply(u); // [2 nInner, nTokens]
    Tensor x = ssmConv1d.apply(xz.columns(0, n), convState).silu(); // [nInner, nTokens]
    Tensor all = ssmX.apply(x); // [rank + 2 nState, nTokens]
    Tensor dt = ssmDt.apply(norms.dt.apply(all.columns(0, rank).cont())); // [nInner, nTokens]
    Tensor b = norms.b.apply(all.columns(rank, nState)); // [nState, nTokens]
    Tensor c = norms.c.apply(all.columns(rank + nState, nState));
    Tensor y = scan.apply(x, dt, b, c, scanState); // [nInner, nTokens]
    y = y.add(x.mul(x.graph().use(ssmD)));
    return ssmOut.apply(xz.columns(n, n).cont().swiglu(y)).named("mamba_out", il);
  }
}
