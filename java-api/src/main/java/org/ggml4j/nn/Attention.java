package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;

/**
 * Scaled dot-product attention with grouped key and value heads, arXiv 1706.03762 and 2305.13245;
 * what llama.cpp's {@code build_attn_mha} in llama-graph.cpp computes.
 */
public final class Attention {
  private Attention() {}

  /**
   * All in one operation.
   *
   * @param q F32 [headDim, nHead, nTokens]
   * @param k [headDim, nKv, nHeadKv]
   * @param v [headDimV, nKv, nHeadKv]
   * @param mask F16 [nKv, nTokens], 0 or minus infinity; for ALiBi minus the distance
   * @return F32 [headDimV * nHead, nTokens]
   */
  public static Tensor flash(Tensor q, Tensor k, Tensor v, Tensor mask, Scores s, int il) {
    Tensor kk = k.type() == GgmlType.F32 ? k.cast(GgmlType.F16) : k;
    Tensor vv = v.type() == GgmlType.F32 ? v.cast(GgmlType.F16) : v;
    Tensor x =
        q.permute(0, 2, 1, 3)
            .flashAttnExt(kk, vv, mask, s.scale(), s.maxBias(), s.softcap()); // [headDimV, nHead,…]
    x = withSinks(x, s);
    return x.reshape(x.ne(0) * x.ne(1), x.ne(2) * x.ne(3)).named("kqv_out", il);
  }

  /**
   * As {@link #flash} for one token: the query heads that share a key head take the place of
   * tokens, so that GGML divides the heads among its threads and not the cells.
   *
   * @param q F32 [headDim, nHead, 1]
   * @param mask F16 [nKv, nHead / nHeadKv], all rows equal
   * @param s without ALiBi and sinks, which go by the number of a head
   * @return F32 [headDimV * nHead, 1]
   */
  public static Tensor flashByGroups(Tensor q, Tensor k, Tensor v, Tensor mask, Scores s, int il) {
    long group = q.ne(1) / k.ne(2);
    Tensor kk = k.type() == GgmlType.F32 ? k.cast(GgmlType.F16) : k;
    Tensor vv = v.type() == GgmlType.F32 ? v.cast(GgmlType.F16) : v;
    Tensor heads = q.reshape(q.ne(0), group, k.ne(2)); // [headDim, nHead / nHeadKv, nHeadKv]
    Tensor x =
        heads.flashAttnExt(kk, vv, mask, s.scale(), 0, s.softcap()); // [headDimV, nHeadKv, …]
    Tensor y = x.permute(0, 2, 1, 3); // [headDimV, nHead / nHeadKv, nHeadKv]
    return y.cont2d(x.ne(0) * q.ne(1), 1).named("kqv_out", il);
  }

  /**
   * As two matrix products with a softmax between them.
   *
   * @param q F32 [headDim, nHead, nTokens]
   * @param k [headDim, nKv, nHeadKv]
   * @param vTransposed [nKv, headDimV, nHeadKv]
   * @param mask F32 [nKv, nTokens], 0 or minus infinity; for ALiBi minus the distance
   * @return F32 [headDimV * nHead, nTokens]
   */
  public static Tensor explicit(
      Tensor q, Tensor k, Tensor vTransposed, Tensor mask, Scores s, int il) {
    Tensor kq = k.mulMat(q.permute(0, 2, 1, 3)).precise().named("kq", il); // [nKv, nTokens, nHead]
    Tensor p = probabilities(kq, mask, s).named("kq_soft_max", il);
    Tensor kqv = vTransposed.mulMat(p).named("kqv", il); // [headDimV, nTokens, nHead]
    Tensor x = kqv.permute(0, 2, 1, 3); // [headDimV, nHead, nTokens]
    return x.cont2d(x.ne(0) * x.ne(1), x.ne(2) * x.ne(3)).named("kqv_out", il);
  }

  /**
   * @param kq F32 [nKv, nTokens, nHead], products of keys and queries
   * @return the same shape
   */
  static Tensor probabilities(Tensor kq, Tensor mask, Scores s) {
    if (s.softcap() == 0) {
      return withSinks(kq.softMaxExt(mask, s.scale(), s.maxBias()), s);
    }
    Tensor capped = kq.scale(s.scale()).softcap(s.softcap());
    return withSinks(capped.softMaxExt(mask, 1, s.maxBias()), s);
  }

  private static Tensor withSinks(Tensor x, Scores s) {
    return s.sinks().isPresent() ? x.addSinks(x.graph().use(s.sinks().get())) : x;
  }
}
