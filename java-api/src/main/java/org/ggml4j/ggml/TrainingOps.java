package org.ggml4j.ggml;

import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;

/** What training needs besides the model itself. */
public sealed interface TrainingOps permits Tensor {
  /** The tensor that these are operations of. */
  Tensor self();

  /**
   * Cross-entropy of the softmax of these logits F32 [nVocab, n] against {@code labels}
   * (probabilities of the same shape), averaged over n: [1].
   */
  default Tensor crossEntropyLoss(Tensor labels) {
    Tensor x = self();
    x.begin("crossEntropyLoss", labels);
    x.require(
        x.sameShape(labels)
            && x.is(GgmlType.F32)
            && labels.is(GgmlType.F32)
            && x.isContiguous()
            && labels.isContiguous(),
        "crossEntropyLoss",
        "expected two contiguous F32 of equal shapes",
        labels);
    return x.made(Ggml.ggml_cross_entropy_loss(x.context(), x.handle(), labels.handle()));
  }

  /**
   * A step of AdamW, arXiv 1711.05101, on this parameter in place.
   *
   * @param gradient F32 of this shape
   * @param m first moments, changed in place
   * @param v second moments, changed in place
   * @param p F32 [7]: alpha, beta1, beta2, eps, weight decay, 1/(1 - beta1^t), 1/(1 - beta2^t)
   */
  default Tensor optStepAdamw(Tensor gradient, Tensor m, Tensor v, Tensor p) {
    Tensor x = self();
    x.begin("optStepAdamw", gradient, m, v, p);
    boolean fits = x.sameShape(gradient) && x.sameShape(m) && x.sameShape(v) && p.nElements() == 7;
    boolean types =
        x.is(GgmlType.F32)
            && gradient.is(GgmlType.F32)
            && m.is(GgmlType.F32)
            && v.is(GgmlType.F32)
            && p.is(GgmlType.F32);
    boolean contiguous = x.isContiguous() && gradient.isContiguous();
    int flags = ggml_tensor.flags(x.handle());
    boolean parameter = (flags & Ggml.GGML_TENSOR_FLAG_PARAM()) != 0;
    x.require(
        fits && types && contiguous && parameter, "optStepAdamw", "not a parameter", gradient);
    return x.made(
        Ggml.ggml_opt_step_adamw(
            x.context(), x.handle(), gradient.handle(), m.handle(), v.handle(), p.handle()));
  }
}
