package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * A mixture of feed-forward experts, of which a router picks a few for each token: arXiv 2401.04088
 * (Mixtral), 2412.19437 (DeepSeek-V3); llama.cpp's {@code build_moe_ffn}.
 *
 * @param router [nEmbd, nExpert]
 * @param selectionBias F32 [nExpert], added to the probabilities for the choice only, if any
 * @param gate [nEmbd, nFf, nExpert], if there is one
 * @param up [nEmbd, nFf, nExpert], or with the gate before it [nEmbd, 2 nFf, nExpert]
 * @param down [nFf, nEmbd, nExpert]
 * @param fused whether {@code up} begins with the gate
 * @param f the experts' activation
 * @param routing how experts are chosen and weighed
 * @param il index of the layer, for the nodes' names
 */
public record Moe(
    Linear router,
    Optional<Weight> selectionBias,
    Optional<Experts> gate,
    Experts up,
    Experts down,
    boolean fused,
    Activation f,
    Routing routing,
    int il)
    implements Ffn {
  /** The smallest normal F16: keeps a sum of probabilities that vanished from being a divisor. */
  private static final float SMALLEST = 0x1p-14f;

  /** How a router's logits become probabilities. */
  public enum Gating {
    SOFTMAX,
    SIGMOID,
    /** Softmax over the chosen experts' logits. */
    SOFTMAX_OF_CHOSEN,
    /** Square root of softplus. */
    SQRT_SOFTPLUS;

    /**
     * By llama.cpp's number ({@code expert_gating_func}, from 1).
     *
     * @throws UnsupportedModelException if there is no such function
     */
    public static Gating of(int number) {
      if (number < 1 || number > values().length) {
        throw new UnsupportedModelException("the gating function of experts is number " + number);
      }
      return values()[number - 1];
    }
  }

  /**
   * How experts are chosen and weighed.
   *
   * @param gating how logits become probabilities
   * @param nUsed experts for each token
   * @param normalised whether the chosen ones' probabilities are scaled to a sum of one
   * @param scale factor of the weights; 0 or 1 for none
   * @param nGroups groups that the experts are in, up to 1 for none
   * @param nGroupsUsed groups of which a token's experts come
   * @param weighsInput whether weights are factors of what goes into the experts (Llama 4)
   * @param nInCommon how many of those that the router knows are one expert here (GroveMoE)
   */
  public record Routing(
      Gating gating,
      int nUsed,
      boolean normalised,
      float scale,
      int nGroups,
      int nGroupsUsed,
      boolean weighsInput,
      int nInCommon) {
    /** The probabilities are a softmax over all experts. */
    public static Routing softmax(int nUsed, boolean normalised) {
      return of(Gating.SOFTMAX, nUsed, normalised);
    }

    /** Without scale or groups. */
    public static Routing of(Gating gating, int nUsed, boolean normalised) {
      return new Routing(gating, nUsed, normalised, 0, 0, 0, false, 1);
    }

    /** With a factor of the weights. */
    public Routing withScale(float factor) {
      return new Routing(
          gating, nUsed, normalised, factor, nGroups, nGroupsUsed, weighsInput, nInCommon);
    }

    /** With experts in groups, of which only the best are looked at. */
    public Routing withGroups(int n, int used) {
      return new Routing(gating, nUsed, normalised, scale, n, used, weighsInput, nInCommon);
    }

    /** With weights that are factors of what goes into the experts. */
    public Routing weighingInput() {
      return new Routing(gating, nUsed, normalised, scale, nGroups, nGroupsUsed, true, nInCommon);
    }

    /** With experts that each stand for {@code n} of those that the router knows. */
    public Routing inCommon(int n) {
      return new Routing(gating, nUsed, normalised, scale, nGroups, nGroupsUsed, weighsInput, n);
    }
  }

  /** The same without scales of the experts' products, where llama.cpp does not apply them. */
  public Moe withoutScales() {
    return new Moe(
        router,
        selectionBias,
        gate.map(Experts::withoutScale),
        up.withoutScale(),
        down.withoutScale(),
        fused,
        f,
        routing,
        il);
  }

  /** With what is added to the probabilities for the choice, if anything. */
  public Moe withSelectionBias(Optional<Weight> bias) {
    return new Moe(router, bias, gate, up, down, fused, f, routing, il);
  }

  /** With experts that all tokens share. */
  public SharedExperts withShared(FeedForward shared) {
    return new SharedExperts(this, shared, Optional.empty());
  }

  /** With experts that all tokens share, weighed by a gate. */
  public SharedExperts withShared(FeedForward shared, Linear gate) {
    return new SharedExperts(this, shared, Optional.of(gate));
  }

  @Override
  public Tensor apply(Tensor x) {
    return apply(x, router.apply(x).named("ffn_moe_logits", il));
  }

  /**
   * With a router's logits that were computed elsewhere.
   *
   * @param x F32 [nEmbd, nTokens]
   * @param logits F32 [nExpert, nTokens]
   * @return F32 [nEmbd, nTokens]
   */
  public Tensor apply(Tensor x, Tensor logits) {
    int nUsed = routing.nUsed;
    Tensor probs = probabilities(logits).named("ffn_moe_probs", il); // [nExpert, nTokens]
    Tensor ids = chosen(logits, probs).named("ffn_moe_topk", il); // I32 [nUsed, nTokens]
    Tensor weights = weights(probs, ids); // [1, nUsed, nTokens]
    x.graph().expand(weights);

    Tensor rows = x.reshape(x.ne(0), 1, x.ne(1));
    if (routing.weighsInput) {
      rows = rows.repeat(x.ne(0), nUsed, x.ne(1)).mul(weights);
    }
    Tensor u = up.apply(rows, ids).named("ffn_moe_up", il); // [nFf, nUsed, nTokens]
    Tensor h;
    if (gate.isPresent()) {
      h = f.gated().apply(gate.get().apply(rows, ids).named("ffn_moe_gate", il), u);
    } else {
      h = fused ? f.halves(u) : f.plain().apply(u);
    }
    h = h.named("ffn_moe_" + f.name(), il);
    Tensor experts = down.apply(h, ids).named("ffn_moe_down", il); // [nEmbd, nUsed, nTokens]
    if (!routing.weighsInput) {
      experts = experts.mul(weights).named("ffn_moe_weighted", il);
    }
    Tensor sum = expert(experts, 0); // [nEmbd, nTokens]
    for (int i = 1; i < nUsed; i++) {
      sum = sum.add(expert(experts, i));
    }
    return (nUsed == 1 ? sum.cont() : sum).named("ffn_moe_out", il);
  }

  private Tensor probabilities(Tensor logits) {
    return switch (routing.gating) {
      case SOFTMAX -> logits.softMax();
      case SIGMOID -> logits.sigmoid();
      case SOFTMAX_OF_CHOSEN -> logits;
      case SQRT_SOFTPLUS -> logits.softplus().sqrt();
    };
  }

  private Tensor chosen(Tensor logits, Tensor probs) {
    Tensor selection = routing.weighsInput ? logits : probs;
    if (selectionBias.isPresent()) {
      selection = selection.add(probs.graph().use(selectionBias.get()));
    }
    selection = routing.nGroups > 1 ? ofBestGroups(selection) : selection;
    Tensor ids = selection.argsortTopK(routing.nUsed); // I32 [nUsed, nTokens]
    return routing.nInCommon == 1
        ? ids
        : ids.cast(GgmlType.F32).scale(1f / routing.nInCommon).cast(GgmlType.I32);
  }

  /**
   * Minus infinity for the experts of other groups than the best; a group is as good as its best
   * two experts together.
   */
  private Tensor ofBestGroups(Tensor selection) {
    long nExpert = selection.ne(0);
    long nTokens = selection.ne(1);
    long nGroups = routing.nGroups;
    long size = nExpert / nGroups;
    Tensor groups = selection.reshape(size, nGroups, nTokens);
    Tensor best = groups.argsortTopK(2); // I32 [2, nGroups, nTokens]
    Tensor two = groups.reshape(1, size, nGroups, nTokens).getRows(best); // [1, 2, nGroups, …]
    Tensor scores = two.reshape(2, nGroups, nTokens).sumRows().reshape(nGroups, nTokens);
    Tensor used = scores.argsortTopK(routing.nGroupsUsed).named("ffn_moe_group_topk", il);
    Tensor kept = groups.getRows(used); // [size, nGroupsUsed, nTokens]
    Tensor none = groups.fill(Float.NEGATIVE_INFINITY);
    return none.setRows(kept, used).reshape(nExpert, nTokens).named("ffn_moe_probs_masked", il);
  }

  private Tensor weights(Tensor probs, Tensor ids) {
    long nTokens = probs.ne(1);
    int nUsed = routing.nUsed;
    Tensor w = probs.reshape(1, probs.ne(0), nTokens).getRows(ids); // [1, nUsed, nTokens]
    w = w.named("ffn_moe_weights", il).reshape(nUsed, nTokens);
    if (routing.gating == Gating.SOFTMAX_OF_CHOSEN) {
      w = w.softMax();
    }
    if (routing.normalised) {
      Tensor sum = w.sumRows().clamp(SMALLEST, Float.POSITIVE_INFINITY); // [1, nTokens]
      w = w.div(sum.named("ffn_moe_weights_sum_clamped", il)).named("ffn_moe_weights_norm", il);
    }
    if (routing.scale != 0 && routing.scale != 1) {
      w = w.scale(routing.scale);
    }
    return w.reshape(1, nUsed, nTokens);
  }

  private static Tensor expert(Tensor experts, int i) {
    return experts.view2d(experts.ne(0), experts.ne(2), experts.nb(2), i * experts.nb(1));
  }
}
