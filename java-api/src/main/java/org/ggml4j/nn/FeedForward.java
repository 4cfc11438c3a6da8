package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;

/**
 * A feed-forward network: {@code down(f(up x))}, or with a gate {@code down(f(gate x) * up x)},
 * arXiv 2002.05202; llama.cpp's {@code build_ffn}.
 *
 * @param gate [nEmbd, nFf], if there is one
 * @param up [nEmbd, nFf], or with the gate before it in one matrix [nEmbd, 2 nFf]
 * @param down [nFf, nEmbd]
 * @param fused whether {@code up} begins with the gate
 * @param f the activation
 * @param il index of the layer, for the nodes' names
 */
public record FeedForward(
    Optional<Linear> gate, Linear up, Linear down, boolean fused, Activation f, int il)
    implements Ffn {
  /**
   * The same without scales of the products: llama.cpp applies those of scaled 4-bit formats in
   * some architectures only, and a file may have them in all.
   */
  public FeedForward withoutScales() {
    return new FeedForward(
        gate.map(Linear::withoutScale), up.withoutScale(), down.withoutScale(), fused, f, il);
  }

  /** The same without biases, for files with some that llama.cpp does not add. */
  public FeedForward withoutBiases() {
    return new FeedForward(
        gate.map(Linear::withoutBias), up.withoutBias(), down.withoutBias(), fused, f, il);
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor h; // [nFf, n]
    if (gate.isPresent()) {
      Tensor g = gate.get().inRows(x).named("ffn_gate", il);
      h = f.gated().apply(g, up.inRows(x).named("ffn_up", il));
    } else {
      Tensor u = up.inRows(x).named("ffn_up", il);
      h = fused ? f.halves(u) : f.plain().apply(u);
    }
    return down.apply(h.named("ffn_" + f.name(), il)).named("ffn_out", il); // [nEmbd, n]
  }
}
