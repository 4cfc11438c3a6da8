package org.ggml4j.ggml;

import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/** Convolutions along the tokens, and the recurrences of models that keep a state. */
public sealed interface StateOps permits Tensor {
  /** How {@link #pool1d} sums up a window. */
  enum Pool {
    MAX(Ggml.GGML_OP_POOL_MAX()),
    AVERAGE(Ggml.GGML_OP_POOL_AVG());

    private final int id;

    Pool(int id) {
      this.id = id;
    }
  }

  /** The tensor that these are operations of. */
  Tensor self();

  private static boolean isF32(Tensor... tensors) {
    for (Tensor t : tensors) {
      if (!t.is(GgmlType.F32)) {
        return false;
      }
    }
    return true;
  }

  private static boolean areContiguous(Tensor... tensors) {
    for (Tensor t : tensors) {
      if (!t.isContiguous()) {
        return false;
      }
    }
    return true;
  }

  private static boolean has(Tensor t, long n0, long n1, long n2, long n3) {
    return t.ne0 == n0 && t.ne1 == n1 && t.ne2 == n2 && t.ne3 == n3;
  }

  // ---- convolutions

  /**
   * A convolution of each channel with a filter of its own, as state space models have one; this is
   * F32 [nConv - 1 + nTokens, nInner, nSeq], the tokens before and those of the batch.
   *
   * @param filters F32 [nConv, nInner]
   * @return F32 [nInner, nTokens, nSeq]
   */
  default Tensor ssmConv(Tensor filters) {
    Tensor x = self();
    x.begin("ssmConv", filters);
    boolean fits =
        isF32(x, filters)
            && x.ne3 == 1
            && filters.ne2 == 1
            && filters.ne3 == 1
            && x.ne1 == filters.ne1
            && x.ne0 >= filters.ne0
            && x.hasContiguousRows()
            && x.nb1 == 4 * x.ne0
            && filters.isContiguous();
    x.require(fits, "ssmConv", "shapes or types", filters);
    return x.made(Ggml.ggml_ssm_conv(x.context(), x.handle(), filters.handle()));
  }

  /**
   * Convolution along the first dimension: this is the kernel F16 or BF16 [k, nIn, nOut].
   *
   * @param input F32 [n, nIn, nBatch]
   * @return F32 [nSteps, nOut, nBatch]
   */
  default Tensor conv1d(Tensor input, int stride, int padding, int dilation) {
    Tensor x = self();
    x.begin("conv1d", input);
    boolean fits =
        (x.is(GgmlType.F16) || x.is(GgmlType.BF16))
            && isF32(input)
            && x.ne1 == input.ne1
            && x.ne3 == 1
            && input.ne3 == 1
            && x.isContiguous()
            && input.isContiguous();
    x.require(fits, "conv1d", "shapes or types", input);
    boolean steps =
        stride > 0
            && padding >= 0
            && dilation > 0
            && input.ne0 + 2L * padding >= (long) dilation * (x.ne0 - 1) + 1;
    x.require(steps, "conv1d", "steps " + stride + ", " + padding + ", " + dilation, input);
    return x.made(
        Ggml.ggml_conv_1d(x.context(), x.handle(), input.handle(), stride, padding, dilation));
  }

  /** The largest or the mean of windows of each row: F32 [nSteps, ne1, ne2, ne3]. */
  default Tensor pool1d(Pool kind, int size, int stride, int padding) {
    Tensor x = self();
    x.begin();
    x.require(isF32(x) && x.isContiguous(), "pool1d", "expected contiguous F32");
    boolean steps =
        size > 0 && stride > 0 && padding >= 0 && padding < size && x.ne0 + 2L * padding >= size;
    x.require(steps, "pool1d", "windows " + size + ", " + stride + ", " + padding);
    return x.made(Ggml.ggml_pool_1d(x.context(), x.handle(), kind.id, size, stride, padding));
  }

  // ---- recurrences

  /**
   * The selective scan of Mamba (arXiv 2312.00752) and Mamba-2 (2405.21060); this is the state, F32
   * [nState, headDim, nHead, nCells].
   *
   * @param x F32 [headDim, nHead, nTokens, nSeq]
   * @param dt F32 [nHead, nTokens, nSeq]
   * @param a F32 [nState, nHead], or [1, nHead] for Mamba-2
   * @param b F32 [nState, nGroup, nTokens, nSeq]
   * @param c as b
   * @param ids I32 [nSeq], the state's cell of each sequence; every one must be a cell, which is
   *     checked as in {@link MatrixOps#mulMatId}
   * @return F32 [n]: the outputs in x's shape, then the new state of each sequence
   */
  default Tensor ssmScan(Tensor x, Tensor dt, Tensor a, Tensor b, Tensor c, Tensor ids) {
    Tensor s = self();
    s.begin("ssmScan", x, dt, a, b, c, ids);
    boolean inner =
        x.hasContiguousRows()
            && b.hasContiguousRows()
            && c.hasContiguousRows()
            && x.nb1 == 4 * x.ne0
            && b.nb1 == 4 * b.ne0
            && c.nb1 == 4 * c.ne0;
    boolean fits =
        isF32(s, x, dt, a, b, c)
            && ids.is(GgmlType.I32)
            && areContiguous(s, dt, a, ids)
            && inner
            && b.sameShape(c)
            && has(dt, x.ne1, x.ne2, x.ne3, 1)
            && s.ne1 == x.ne0
            && s.ne2 == x.ne1
            && b.ne0 == s.ne0
            && b.ne2 == x.ne2
            && b.ne3 == x.ne3
            && x.ne1 % b.ne1 == 0
            && has(ids, x.ne3, 1, 1, 1)
            && a.ne1 == x.ne1
            && a.ne2 == 1
            && a.ne3 == 1
            && (a.ne0 == 1 || a.ne0 == s.ne0);
    s.require(fits, "ssmScan", "shapes or types, dt " + dt + ", A " + a + ", B " + b, x);
    ids.requireIdsBelow(s.ne3, "ssmScan");
    return s.made(
        Ggml.ggml_ssm_scan(
            s.context(),
            s.handle(),
            x.handle(),
            dt.handle(),
            a.handle(),
            b.handle(),
            c.handle(),
            ids.handle(),
            1));
  }

  /**
   * The gated delta rule, arXiv 2412.06464; this is the state, F32 [size, size, nHead, nSeq].
   *
   * @param q F32 [size, nHeadK, nTokens, nSeq], where nHeadK divides nHead
   * @param k as q
   * @param v F32 [size, nHead, nTokens, nSeq]
   * @param g F32 [1 or size, nHead, nTokens, nSeq], logarithms of the decay
   * @param beta F32 [1, nHead, nTokens, nSeq]
   * @return F32 [size * nHead, nTokens * nSeq + size * nSeq]: the outputs, then the new states
   */
  default Tensor gatedDeltaNet(Tensor q, Tensor k, Tensor v, Tensor g, Tensor beta) {
    Tensor s = self();
    s.begin("gatedDeltaNet", q, k, v, g, beta);
    boolean fits =
        isF32(s, q, k, v, g, beta)
            && q.hasContiguousRows()
            && k.hasContiguousRows()
            && v.hasContiguousRows()
            && areContiguous(s, g, beta)
            && has(s, v.ne0, v.ne0, v.ne1, v.ne3)
            && q.sameShape(k)
            && q.ne0 == v.ne0
            && v.ne1 % q.ne1 == 0
            && q.ne2 == v.ne2
            && v.ne3 % q.ne3 == 0
            && (g.ne0 == 1 || g.ne0 == v.ne0)
            && has(g, g.ne0, v.ne1, v.ne2, v.ne3)
            && has(beta, 1, v.ne1, v.ne2, v.ne3);
    s.require(fits, "gatedDeltaNet", "shapes or types, q " + q + ", g " + g, v);
    return s.made(
        Ggml.ggml_gated_delta_net(
            s.context(),
            q.handle(),
            k.handle(),
            v.handle(),
            g.handle(),
            beta.handle(),
            s.handle(),
            1));
  }

  /**
   * Gated linear attention, arXiv 2312.06635; this is the state, F32 [size * size * nHead, nSeq].
   *
   * @param k F32 [size, nHead, nTokens]
   * @param v as k
   * @param q as k
   * @param g as k, the decay
   * @return F32 [size * nHead, nTokens + size * nSeq]: the outputs, then the new states
   */
  default Tensor gatedLinearAttn(Tensor k, Tensor v, Tensor q, Tensor g, float scale) {
    Tensor s = recurrence("gatedLinearAttn", k, v, q, g);
    return s.made(
        Ggml.ggml_gated_linear_attn(
            s.context(), k.handle(), v.handle(), q.handle(), g.handle(), s.handle(), scale));
  }

  /**
   * The recurrence of RWKV-6, arXiv 2404.05892; this is the state, F32 [size * size * nHead, nSeq].
   *
   * @param k F32 [size, nHead, nTokens]
   * @param v as k
   * @param r as k
   * @param first F32 [size, nHead], the bonus of the present token
   * @param decay as k
   * @return F32 [size * nHead, nTokens + size * nSeq]: the outputs, then the new states
   */
  default Tensor rwkvWkv6(Tensor k, Tensor v, Tensor r, Tensor first, Tensor decay) {
    Tensor s = recurrence("rwkvWkv6", k, v, r, decay);
    s.begin("rwkvWkv6", first);
    s.require(
        isF32(first) && first.isContiguous() && first.nElements() == k.ne0 * k.ne1,
        "rwkvWkv6",
        "first",
        first);
    return s.made(
        Ggml.ggml_rwkv_wkv6(
            s.context(),
            k.handle(),
            v.handle(),
            r.handle(),
            first.handle(),
            decay.handle(),
            s.handle()));
  }

  /**
   * The recurrence of RWKV-7, arXiv 2503.14456; this is the state, F32 [size * size * nHead, nSeq].
   *
   * @param r F32 [size, nHead, nTokens], where size is a multiple of 64
   * @param w as r, the decay
   * @param k as r
   * @param v as r
   * @param a as r, minus the key that is removed
   * @param b as r, what is put in its place
   * @return F32 [size * nHead, nTokens + size * nSeq]: the outputs, then the new states
   */
  default Tensor rwkvWkv7(Tensor r, Tensor w, Tensor k, Tensor v, Tensor a, Tensor b) {
    Tensor s = recurrence("rwkvWkv7", k, v, r, w, a, b);
    // The kernel works in whole vectors, of up to 64 numbers, and does not stop at a row's end.
    s.require(k.ne0 % 64 == 0, "rwkvWkv7", "expected heads of a multiple of 64", k);
    return s.made(
        Ggml.ggml_rwkv_wkv7(
            s.context(),
            r.handle(),
            w.handle(),
            k.handle(),
            v.handle(),
            a.handle(),
            b.handle(),
            s.handle()));
  }

  private Tensor recurrence(String operation, Tensor... inputs) {
    Tensor s = self();
    s.begin(operation, inputs);
    Tensor k = inputs[0];
    boolean fits =
        isF32(s)
            && isF32(inputs)
            && areContiguous(s)
            && areContiguous(inputs)
            && k.ne3 == 1
            && s.ne2 == 1
            && s.ne3 == 1
            && s.ne0 == k.ne0 * k.ne0 * k.ne1
            && k.ne2 % s.ne1 == 0;
    for (Tensor t : inputs) {
      fits &= t.sameShape(k);
    }
    s.require(fits, operation, "shapes or types", k);
    return s;
  }
}
