package org.ggml4j.nn;

import java.util.List;
import org.ggml4j.ggml.Tensor;

/**
 * The products that give an attention layer's queries, keys and values: three, or one of which they
 * are parts; llama.cpp's {@code build_qkv}.
 *
 * @param products queries, keys and values, or one of all behind each other
 * @param headDim size of a query or key head
 * @param headDimV size of a value head
 * @param nHead number of query heads
 * @param nHeadKv number of key heads and of value heads
 * @param clamp largest absolute value of the results, 0 for no limit
 */
public record Qkv(
    List<Linear> products, int headDim, int headDimV, int nHead, int nHeadKv, float clamp) {
  /**
   * @param q F32 [headDim, nHead, nTokens]
   * @param k F32 [headDim, nHeadKv, nTokens]
   * @param v F32 [headDimV, nHeadKv, nTokens]
   */
  public record Heads(Tensor q, Tensor k, Tensor v) {}

  public Qkv {
    products = List.copyOf(products);
  }

  /** With results cut off at plus and minus {@code limit}, if that is not 0. */
  public Qkv clamped(float limit) {
    return new Qkv(products, headDim, headDimV, nHead, nHeadKv, limit);
  }

  /** The same without scales of the products, for what llama.cpp computes without them. */
  public Qkv withoutScales() {
    List<Linear> plain = products.stream().map(Linear::withoutScale).toList();
    return new Qkv(plain, headDim, headDimV, nHead, nHeadKv, clamp);
  }

  /** The same without biases, for files with some that llama.cpp does not add. */
  public Qkv withoutBiases() {
    List<Linear> plain = products.stream().map(Linear::withoutBias).toList();
    return new Qkv(plain, headDim, headDimV, nHead, nHeadKv, clamp);
  }

  /**
   * @param x F32 [nEmbd, nTokens]
   */
  public Heads apply(Tensor x) {
    if (products.size() == 1) {
      Tensor all = product(0, x); // [headDim * (nHead + nHeadKv) + headDimV * nHeadKv, nTokens]
      long atV = (long) headDim * (nHead + nHeadKv);
      return new Heads(
          all.heads(0, headDim, nHead),
          all.heads((long) headDim * nHead, headDim, nHeadKv),
          all.heads(atV, headDimV, nHeadKv));
    }
    return new Heads(
        product(0, x).splitHeads(headDim),
        product(1, x).splitHeads(headDim),
        product(2, x).splitHeads(headDimV));
  }

  private Tensor product(int i, Tensor x) {
    Tensor y = products.get(i).inRows(x);
    return clamp > 0 ? y.clamp(-clamp, clamp) : y;
  }
}
