package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * The recurrence of a state space model whose parameters follow from the tokens: {@code h = exp(dt
 * A) h + dt B x} and {@code y = C h}. Mamba, arXiv 2312.00752, has a head for each channel;
 * Mamba-2, arXiv 2405.21060, wide heads with one decay each, and B and C for groups of them.
 *
 * @param a F32 [nState, nHead], or nHead numbers for one decay of a head
 * @param nState numbers of the state for each channel
 * @param headDim channels of a head
 * @param nHead number of heads
 * @param nGroup how many B and C a token has
 */
public record SelectiveScan(Weight a, int nState, int headDim, int nHead, int nGroup) {
  /** Numbers that are kept of a sequence. */
  public int stateSize() {
    return Math.multiplyExact(nState, Math.multiplyExact(headDim, nHead));
  }

  /**
   * @param x F32 [headDim * nHead, nTokens]
   * @param dt F32 [nHead, nTokens] without gaps; its softplus is the length of the step
   * @param b F32 [nState * nGroup, nTokens]
   * @param c as b
   * @return F32 [headDim * nHead, nTokens]
   */
  public Tensor apply(Tensor x, Tensor dt, Tensor b, Tensor c, SequenceState state) {
    return state.step(
        (run, in) -> {
          Tensor table = run.table();
          Tensor decays = table.graph().use(a);
          decays = decays.reshape(decays.nElements() / nHead, nHead);
          Tensor states = table.reshape(nState, headDim, nHead, table.ne(1));
          Tensor y =
              states.ssmScan(
                  in.get(0).heads(0, headDim, nHead),
                  in.get(1),
                  decays,
                  in.get(2).heads(0, nState, nGroup),
                  in.get(3).heads(0, nState, nGroup),
                  run.ids());
          long n = in.get(0).nElements();
          run.keep(y.view2d(stateSize(), run.nSeq(), 4L * stateSize(), 4 * n));
          return y.view1d(n, 0);
        },
        x,
        dt,
        b,
        c);
  }
}
