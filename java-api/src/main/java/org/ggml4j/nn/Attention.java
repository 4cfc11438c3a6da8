package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
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
    return explicit(q, k, vTransposed, mask, s, Optional.empty(), il);
  }

  /**
   * As {@link #explicit(Tensor, Tensor, Tensor, Tensor, Scores, int)}.
   *
   * @param bias F32 [nKv, nTokens, nHead], added to the products, if any
   */
  static Tensor explicit(
      Tensor q,
      Tensor k,
      Tensor vTransposed,
      Tensor mask,
      Scores s,
      Optional<Tensor> bias,
      int il) {
    Tensor kq = k.mulMat(q.permute(0, 2, 1, 3)).precise().named("kq", il); // [nKv, nTokens, nHead]
    kq = bias.isPresent() ? kq.add(bias.get()).named("kq_plus_kq_b", il) : kq;
    Tensor p = probabilities(kq, mask, s).named("kq_soft_max", il);
    Tensor kqv = vTransposed.mulMat(p).named("kqv", il); // [headDimV, nTokens, nHead]
    Tensor x = kqv.permute(0, 2, 1, 3); // [headDimV, nHead, nTokens]
    return x.cont2d(x.ne(0) * x.ne(1), x.ne(2) * x.ne(3)).named("kqv_out", il);
  }

  /**
   * Attention to all of another text.
   *
   * @param in inputs of the graph, for a mask that hides nothing
   * @param q F32 [headDim, nHead, nTokens]
   * @param k F32 [headDim, nHeadKv, nSource]
   * @param v F32 [headDimV, nHeadKv, nSource]
   * @return F32 [headDimV * nHead, nTokens]
   */
  public static Tensor cross(Inputs in, Tensor q, Tensor k, Tensor v, float scale, int il) {
    Tensor mask =
        in.add("attn_inp_kq_mask_cross", GgmlType.F32, Attention::fillZeros, k.ne(2), q.ne(2));
    Tensor keys = k.permute(0, 2, 1, 3); // [headDim, nSource, nHeadKv]
    Tensor values = v.permute(1, 2, 0, 3).cont(); // [nSource, headDimV, nHeadKv]
    return explicit(q, keys, values, mask, Scores.scaled(scale), il);
  }

  private static void fillZeros(Tensor to, Batch batch, Inputs.Scratch scratch) {
    MemorySegment zeros = scratch.atLeast(to.nBytes()).asSlice(0, to.nBytes());
    to.set(zeros.fill((byte) 0), 0, to.nBytes());
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
