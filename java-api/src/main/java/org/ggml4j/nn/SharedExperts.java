package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;

/**
 * Experts of which each token has a few, beside some that all tokens share: arXiv 2401.06066
 * (DeepSeekMoE).
 *
 * @param routed those that are chosen
 * @param shared those that are always used, as one network
 * @param gate [nEmbd, 1], whose sigmoid is a factor of what the shared ones give (Qwen 1.5 MoE), if
 *     there is one
 */
public record SharedExperts(Moe routed, FeedForward shared, Optional<Linear> gate) implements Ffn {
  @Override
  public Tensor apply(Tensor x) {
    Tensor y = routed.apply(x);
    Tensor all = shared.apply(x);
    return y.add(gate.isPresent() ? all.mul(gate.get().apply(x).sigmoid()) : all);
  }
}
