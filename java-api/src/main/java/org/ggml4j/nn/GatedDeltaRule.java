package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;

/**
 * Linear attention whose memory, a matrix for each head, decays and in which the value of a key is
 * replaced rather than added to: {@code S = exp(g) S}, then {@code S = S + beta (v - S k) k} and
 * {@code y = S q / sqrt(headDim)}. Gated delta networks, arXiv 2412.06464; with a decay for each
 * channel Kimi's, arXiv 2510.26692.
 *
 * @param headDim size of a head of queries, keys and values
 * @param nHeadK number of heads of queries and keys
 * @param nHead number of heads of values; head h of them has that of the keys that is h modulo
 *     nHeadK
 */
public record GatedDeltaRule(int headDim, int nHeadK, int nHead) {
  /** Numbers that are kept of a sequence. */
  public int stateSize() {
    return Math.multiplyExact(Math.multiplyExact(headDim, headDim), nHead);
  }

  /**
   * @param q F32 [headDim * nHeadK, nTokens]
   * @param k as q
   * @param v F32 [headDim * nHead, nTokens]
   * @param g F32 [nHead or headDim * nHead, nTokens] without gaps, logarithms of the decay
   * @param beta F32 [nHead, nTokens] without gaps
   * @return F32 [headDim * nHead, nTokens]
   */
  public Tensor apply(Tensor q, Tensor k, Tensor v, Tensor g, Tensor beta, SequenceState state) {
    long decays = g.ne(0) / nHead;
    return state.step(
        (run, in) -> {
          Tensor s = run.previous().reshape(headDim, headDim, nHead, run.nSeq());
          Tensor y =
              s.gatedDeltaNet(
                  in.get(0).heads(0, headDim, nHeadK),
                  in.get(1).heads(0, headDim, nHeadK),
                  in.get(2).heads(0, headDim, nHead),
                  in.get(3).heads(0, decays, nHead),
                  in.get(4).heads(0, 1, nHead));
          long n = (long) headDim * nHead * run.nTokens() * run.nSeq();
          run.keep(y.view1d((long) stateSize() * run.nSeq(), 4 * n));
          return y.view1d(n, 0);
        },
        q,
        k,
        v,
        g,
        beta);
  }

  /** Vectors of length one, each of a head, as llama.cpp's {@code build_gdn_l2_norm}. */
  public static Tensor normalised(Tensor heads, float eps) {
    long n = heads.ne(0);
    return heads.rmsNorm(eps / n).scale((float) (1 / Math.sqrt((double) n)));
  }
}
