package org.ggml4j.nn;

import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.ggml4j.ggml.Tensor;

/**
 * The function in the middle of a feed-forward network.
 *
 * @param name llama.cpp's, for the nodes
 * @param plain of one operand
 * @param gated the function of the first operand times the second
 */
public record Activation(String name, UnaryOperator<Tensor> plain, BinaryOperator<Tensor> gated) {
  public static final Activation SILU = of("silu", Tensor::silu, Tensor::swiglu);

  /** By the approximation with a hyperbolic tangent. */
  public static final Activation GELU = of("gelu", Tensor::gelu, Tensor::geglu);

  /** By the error function. */
  public static final Activation GELU_ERF = of("gelu_erf", Tensor::geluErf, Tensor::gegluErf);

  public static final Activation RELU = of("relu", Tensor::relu, Tensor::reglu);

  /** arXiv 2109.08668 (Primer). */
  public static final Activation RELU_SQUARED =
      of("relu_sqr", x -> x.relu().sqr(), (gate, up) -> gate.relu().sqr().mul(up));

  /** That of gpt-oss; only gated. */
  public static final Activation SWIGLU_OAI =
      of("swiglu_oai", Tensor::silu, (gate, up) -> gate.swigluOai(up, 1.702f, 7));

  private static Activation of(
      String name, UnaryOperator<Tensor> plain, BinaryOperator<Tensor> gated) {
    return new Activation(name, plain, gated);
  }

  /** With something done to the result; only without a gate. */
  public Activation then(UnaryOperator<Tensor> next) {
    return new Activation(name, x -> next.apply(plain.apply(x)), gated);
  }

  /** SiLU of a gate that is cut off above {@code limit}, times operands cut off on both sides. */
  public static Activation clampedSwiglu(float limit) {
    return of("swiglu_clamp", Tensor::silu, (gate, up) -> gate.swigluClamp(up, limit));
  }

  /** SiLU that is cut off above {@code limit}, times operands cut off on both sides. */
  public static Activation limitedSwiglu(float limit) {
    return of(
        "swiglu_limited",
        Tensor::silu,
        (gate, up) ->
            gate.silu().clamp(Float.NEGATIVE_INFINITY, limit).mul(up.clamp(-limit, limit)));
  }

  /**
   * The function of the first half of each row, times the second half.
   *
   * @param x F32 [2 n, …]
   * @return F32 [n, …]
   */
  public Tensor halves(Tensor x) {
    long n = x.ne(0) / 2;
    return gated.apply(x.columns(0, n), x.columns(n, n));
  }
}
