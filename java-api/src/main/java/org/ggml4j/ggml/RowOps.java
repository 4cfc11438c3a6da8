package org.ggml4j.ggml;

import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/** Operations along rows: norms, softmax, sums, sorting. */
public sealed interface RowOps permits Tensor {
  /** The tensor that these are operations of. */
  Tensor self();

  /** Each row divided by the root of the mean of its squares plus {@code eps}; arXiv 1910.07467. */
  default Tensor rmsNorm(float eps) {
    Tensor x = normed("rmsNorm", eps);
    return x.made(Ggml.ggml_rms_norm(x.context(), x.handle(), eps));
  }

  /** Each row less its mean, divided by its standard deviation; arXiv 1607.06450. */
  default Tensor norm(float eps) {
    Tensor x = normed("norm", eps);
    return x.made(Ggml.ggml_norm(x.context(), x.handle(), eps));
  }

  /** Each row divided by its length, which is at least {@code eps}. */
  default Tensor l2Norm(float eps) {
    Tensor x = normed("l2Norm", eps);
    return x.made(Ggml.ggml_l2_norm(x.context(), x.handle(), eps));
  }

  /** As {@link #norm}, but over groups of the third dimension's channels; arXiv 1803.08494. */
  default Tensor groupNorm(int nGroups, float eps) {
    Tensor x = normed("groupNorm", eps);
    x.require(
        nGroups > 0 && nGroups <= x.ne2 && x.ne2 % nGroups == 0, "groupNorm", nGroups + " groups");
    return x.made(Ggml.ggml_group_norm(x.context(), x.handle(), nGroups, eps));
  }

  private Tensor normed(String operation, float eps) {
    Tensor x = rows(operation);
    x.require(eps >= 0 && eps < Float.POSITIVE_INFINITY, operation, "eps " + eps);
    return x;
  }

  private Tensor rows(String operation) {
    Tensor x = self();
    x.begin();
    x.require(x.is(GgmlType.F32) && x.hasContiguousRows(), operation, "expected rows of F32");
    return x;
  }

  /** Softmax of each row. */
  default Tensor softMax() {
    Tensor x = self();
    x.begin();
    x.require(x.is(GgmlType.F32) && x.isContiguous(), "softMax", "expected contiguous F32");
    return x.made(Ggml.ggml_soft_max(x.context(), x.handle()));
  }

  /**
   * {@code softmax(this * scale + slope * mask)} of each row.
   *
   * @param mask F32 or F16, [ne0, at least ne1, …], repeated over the heads
   * @param maxBias the slopes of ALiBi (arXiv 2108.12409) follow from it and the head's number; 0:
   *     all are 1
   */
  default Tensor softMaxExt(Tensor mask, float scale, float maxBias) {
    Tensor x = self();
    x.begin("softMaxExt", mask);
    x.require(x.is(GgmlType.F32) && x.isContiguous(), "softMaxExt", "expected contiguous F32");
    boolean fits =
        mask.isContiguous()
            && (mask.is(GgmlType.F32) || mask.is(GgmlType.F16))
            && mask.ne0 == x.ne0
            && mask.ne1 >= x.ne1
            && x.ne2 % mask.ne2 == 0
            && x.ne3 % mask.ne3 == 0;
    x.require(fits, "softMaxExt", "the mask does not fit", mask);
    x.require(maxBias >= 0, "softMaxExt", "maxBias " + maxBias);
    return x.made(Ggml.ggml_soft_max_ext(x.context(), x.handle(), mask.handle(), scale, maxBias));
  }

  /** Sum of each row: [1, ne1, ne2, ne3]. */
  default Tensor sumRows() {
    Tensor x = rows("sumRows");
    return x.made(Ggml.ggml_sum_rows(x.context(), x.handle()));
  }

  /** Mean of each row: [1, ne1, ne2, ne3]. */
  default Tensor mean() {
    Tensor x = rows("mean");
    return x.made(Ggml.ggml_mean(x.context(), x.handle()));
  }

  /** Sum of everything: [1]. */
  default Tensor sum() {
    Tensor x = rows("sum");
    return x.made(Ggml.ggml_sum(x.context(), x.handle()));
  }

  /** Each element replaced by the sum of its row up to and including it. */
  default Tensor cumsum() {
    Tensor x = rows("cumsum");
    return x.made(Ggml.ggml_cumsum(x.context(), x.handle()));
  }

  /** Indices that would sort each row, smallest first: I32, the same shape. */
  default Tensor argsort() {
    Tensor x = rows("argsort");
    return x.made(Ggml.ggml_argsort(x.context(), x.handle(), Ggml.GGML_SORT_ORDER_ASC()));
  }

  /** Indices of the {@code k} largest of each row, largest first: I32 [k, ne1, ne2, ne3]. */
  default Tensor argsortTopK(int k) {
    Tensor x = rows("argsortTopK");
    x.require(k >= 1 && k <= x.ne0, "argsortTopK", "k = " + k);
    return x.made(Ggml.ggml_argsort_top_k(x.context(), x.handle(), k));
  }

  /** Indices of the {@code k} largest of each row in any order: I32 [k, ne1, ne2, ne3]. */
  default Tensor topK(int k) {
    Tensor x = rows("topK");
    x.require(k >= 1 && k <= x.ne0, "topK", "k = " + k);
    return x.made(Ggml.ggml_top_k(x.context(), x.handle(), k));
  }
}
