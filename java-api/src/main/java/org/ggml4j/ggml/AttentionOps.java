package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;

/** Rotary positions and attention. */
public sealed interface AttentionOps permits Tensor {
  /** The tensor that these are operations of. */
  Tensor self();

  /**
   * Rotary position embedding, arXiv 2104.09864, of [headDim, nHead, nTokens].
   *
   * @param positions I32 [nTokens]; for the styles with sections I32 [4 * nTokens], all tokens'
   *     first positions, then their second ones, and so on
   * @param p what is turned and how far
   */
  default Tensor ropeExt(Tensor positions, RopeParameters p) {
    Tensor x = self();
    x.begin("ropeExt", positions);
    int each = p.style().positionsPerToken();
    x.require(
        positions.is(GgmlType.I32)
            && positions.ne1 == 1
            && positions.ne2 == 1
            && positions.ne3 == 1
            && positions.ne0 == each * x.ne2,
        "ropeExt",
        "expected " + each + " I32 positions for each of dimension 2",
        positions);
    x.require(x.is(GgmlType.F32) || x.is(GgmlType.F16), "ropeExt", "expected F32 or F16");
    x.require(x.hasContiguousRows(), "ropeExt", "rows with gaps");
    x.require(
        p.nRot() >= 2 && p.nRot() % 2 == 0 && p.nRot() <= x.ne0, "ropeExt", "nRot " + p.nRot());
    x.require(p.fitsHead(x.ne0), "ropeExt", "sections " + p.sections());
    MemorySegment factors = MemorySegment.NULL;
    if (p.factors().isPresent()) {
      Tensor f = x.graph().use(p.factors().get());
      x.require(f.is(GgmlType.F32) && f.ne0 >= p.nRot() / 2, "ropeExt", "factors", f);
      factors = f.handle();
    }
    return x.made(rope(x, positions, factors, p));
  }

  private static MemorySegment rope(
      Tensor x, Tensor positions, MemorySegment factors, RopeParameters p) {
    if (each(p) == 1) {
      return Ggml.ggml_rope_ext(
          x.context(),
          x.handle(),
          positions.handle(),
          factors,
          p.nRot(),
          p.style().mode(),
          p.nCtxOrig(),
          p.freqBase(),
          p.freqScale(),
          p.extFactor(),
          p.attnFactor(),
          p.betaFast(),
          p.betaSlow());
    }
    try (Arena call = Arena.ofConfined()) {
      int[] sections = p.sections().stream().mapToInt(Integer::intValue).toArray();
      return Ggml.ggml_rope_multi(
          x.context(),
          x.handle(),
          positions.handle(),
          factors,
          p.nRot(),
          call.allocateFrom(ValueLayout.JAVA_INT, sections),
          p.style().mode(),
          p.nCtxOrig(),
          p.freqBase(),
          p.freqScale(),
          p.extFactor(),
          p.attnFactor(),
          p.betaFast(),
          p.betaSlow());
    }
  }

  private static int each(RopeParameters p) {
    return p.style().positionsPerToken();
  }

  /**
   * {@code softmax(q k^T * scale + mask) v} in one operation, arXiv 2205.14135; this is q, F32
   * [headDim, nTokens, nHead, …].
   *
   * @param k [headDim, nKv, nHeadKv, …], F16 or quantized
   * @param v [headDimV, nKv, nHeadKv, …]
   * @param mask F16 [nKv, nTokens]
   * @param maxBias of ALiBi, 0 for none
   * @param softcap what the products are kept below by a hyperbolic tangent, 0 for none
   * @return F32 [headDimV, nHead, nTokens, …]
   */
  default Tensor flashAttnExt(
      Tensor k, Tensor v, Tensor mask, float scale, float maxBias, float softcap) {
    Tensor x = self();
    x.begin("flashAttnExt", k, v, mask);
    boolean fits =
        x.is(GgmlType.F32)
            && x.ne0 == k.ne0
            && x.ne2 % k.ne2 == 0
            && x.ne3 == k.ne3
            && x.ne3 == v.ne3
            && k.ne1 == v.ne1
            && k.ne2 == v.ne2
            && x.hasContiguousRows()
            && k.hasContiguousRows()
            && v.hasContiguousRows();
    x.require(fits, "flashAttnExt", "q and k, v = " + v, k);
    x.require(k.isMatrix() && v.isMatrix(), "flashAttnExt", "no kernel for k, v = " + v, k);
    boolean masked =
        mask.is(GgmlType.F16)
            && mask.isContiguous()
            && mask.ne0 == k.ne1
            && mask.ne1 >= x.ne1
            && x.ne2 % mask.ne2 == 0
            && x.ne3 % mask.ne3 == 0;
    x.require(masked, "flashAttnExt", "the mask does not fit k " + k, mask);
    x.require(maxBias >= 0 && softcap >= 0, "flashAttnExt", maxBias + ", " + softcap);
    Tensor result =
        x.made(
            Ggml.ggml_flash_attn_ext(
                x.context(),
                x.handle(),
                k.handle(),
                v.handle(),
                mask.handle(),
                scale,
                maxBias,
                softcap));
    return result.precise();
  }

  /**
   * Gives each head of the attention or softmax that this tensor is the result of a sink: a further
   * key whose product is {@code sinks} F32 [nHead] and whose value is 0; arXiv 2309.17453.
   */
  default Tensor addSinks(Tensor sinks) {
    Tensor x = self();
    x.begin("addSinks", sinks);
    int op = ggml_tensor.op(x.handle());
    boolean flash = op == Ggml.GGML_OP_FLASH_ATTN_EXT();
    x.require(flash || op == Ggml.GGML_OP_SOFT_MAX(), "addSinks", "no softmax or attention");
    long nHead = flash ? x.ne1 : x.ne2;
    boolean first = ggml_tensor.src(x.handle(), flash ? 4 : 2).address() == 0;
    boolean fits = sinks.is(GgmlType.F32) && sinks.isContiguous() && sinks.nElements() == nHead;
    x.require(first && fits && sinks.ne0 == nHead, "addSinks", "expected one for each head", sinks);
    if (flash) {
      Ggml.ggml_flash_attn_ext_add_sinks(x.handle(), sinks.handle());
    } else {
      Ggml.ggml_soft_max_add_sinks(x.handle(), sinks.handle());
    }
    return x;
  }
}
