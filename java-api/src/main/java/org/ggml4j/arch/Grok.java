package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;

/**
 * Grok 1 and 2: norms on both sides of attention and feed-forward, attention products that a
 * hyperbolic tangent keeps small, a mixture of experts with GELU, and beside it (Grok 2) a dense
 * network.
 *
 * <p>GGUF architecture {@code grok}; llama.cpp's src/models/grok.cpp, whose constants are those of
 * Grok 1 for files that do not say them.
 */
final class Grok implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      RmsNorm attnOutputNorm,
      RmsNorm ffnNorm,
      Moe moe,
      Optional<FeedForward> dense,
      RmsNorm postFfwNorm) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final float embeddingScale;
  private final Scores scores;
  private final float logitScale;
  private final float finalCap;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Grok(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    embeddingScale = keys.number("embedding_scale", 78.383675f);
    scores =
        Scores.scaled(keys.positive("attention.output_scale", 0.088388346f))
            .withSoftcap(keys.positive("attn_logit_softcapping", 30));
    logitScale = keys.number("logit_scale", 0.57735026f);
    finalCap = keys.number("final_logit_softcapping", 0);
    // llama.cpp reads these two and does not use them.
    keys.ignore("router_logit_softcapping", "attention.temperature_length");
    hp.require(
        hp.ropeScaling().extFactor() == 0 || keys.has("rope.scaling.yarn_beta_fast"),
        "YaRN without rope.scaling.yarn_beta_fast");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    String last = w.has("layer_output_norm.weight") ? "layer_output_norm" : "post_ffw_norm";
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("attn_output_norm", hp.nEmbd(), hp.normRmsEps()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w),
        w.has("ffn_up.weight")
            ? Optional.of(w.gatedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales())
            : Optional.empty(),
        w.rmsNorm(last, hp.nEmbd(), hp.normRmsEps()));
  }

  private Moe moe(Weights w) {
    int own = hp.keys().size("expert_feed_forward_length", 0);
    int nFf = own > 0 ? own : hp.nFf();
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.GELU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    x = embeddingScale == 0 ? x : x.scale(embeddingScale);
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(b.attnOutputNorm.apply(a)).named("ffn_inp", b.il);
      Tensor y = feedForward(b, b.ffnNorm.apply(x));
      x = x.add(b.postFfwNorm.apply(y)).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)).scale(logitScale); // [nVocab, nOutputs]
    return (finalCap > 0 ? x.softcap(finalCap) : x).named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, scores); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  /** Both together, or the experts alone. */
  private static Tensor feedForward(Block b, Tensor x) {
    Tensor y = b.moe.apply(x);
    return b.dense.isPresent()
        ? b.dense.get().apply(x).add(y).scale((float) (Math.sqrt(2) / 2))
        : y;
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
