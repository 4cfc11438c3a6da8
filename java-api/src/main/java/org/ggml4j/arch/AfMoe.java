package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * Arcee's mixtures (Trinity): norms on both sides of attention and feed-forward, a norm of each
 * head, a gate behind attention, windows in three of four layers, no positions in the fourth, and a
 * mixture of experts behind the first layers.
 *
 * <p>GGUF architecture {@code afmoe}; llama.cpp's src/models/afmoe.cpp.
 */
final class AfMoe implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnGate,
      Linear attnOutput,
      RmsNorm postAttentionNorm,
      RmsNorm ffnNorm,
      Ffn ffn,
      RmsNorm postFfwNorm) {}

  private static final int N_PLAIN = 4; // every so many layers, one has no positions

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final Rope windowRope;
  private final int window;
  private final boolean[] windowed;
  private final int nFfExp;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  AfMoe(Hparams hp, Weights w) {
    this.hp = hp;
    window = hp.keys().size("attention.sliding_window", 0);
    windowed = window > 0 ? hp.windowedLayers(4, false) : new boolean[hp.nBlock()];
    nFfExp = hp.keys().size("expert_feed_forward_length");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    float base = hp.keys().positive("rope.freq_base_swa", hp.ropeScaling().freqBase());
    windowRope = rope.withBase(base);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_gate", hp.nEmbd(), hp.nEmbdQ()).withoutScale(),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias(),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), hp.normRmsEps()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w),
        w.rmsNorm("post_ffw_norm", hp.nEmbd(), hp.normRmsEps()));
  }

  private Ffn ffn(Weights w) {
    if (w.il() < hp.keys().size("leading_dense_block_count", 0)) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    Moe moe = moe(w);
    int nFf = nFfExp * hp.keys().size("expert_shared_count", 0);
    return nFf == 0
        ? moe
        : moe.withShared(
            w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf).withoutScales());
  }

  private Moe moe(Weights w) {
    boolean normalised = hp.keys().flag("expert_weights_norm", false);
    Moe.Routing routing = hp.routing(hp.gating(Moe.Gating.SIGMOID), normalised);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFfExp, hp.nExpert()).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()).scale((float) Math.sqrt(hp.nEmbd())); // [nEmbd, …]
    for (Block b : blocks) {
      Tensor a = b.postAttentionNorm.apply(attention(b, b.attnNorm.apply(x), in, kv.layer(b.il)));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      Tensor y = b.postFfwNorm.apply(b.ffn.apply(b.ffnNorm.apply(x)));
      x = x.add(y).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned(b.il, b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = turned(b.il, b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    y = y.mul(b.attnGate.apply(x).sigmoid()).named("attn_gated", b.il);
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(int il, Tensor x, Inputs in) {
    return rope(il).map(r -> r.apply(x, in)).orElse(x);
  }

  private Optional<Rope> rope(int il) {
    return (il + 1) % N_PLAIN == 0
        ? Optional.empty()
        : Optional.of(windowed[il] ? windowRope : rope);
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = rope(il).map(r -> hp.attention(il, r)).orElse(hp.attention(il));
    return windowed[il] ? all.within(Window.sliding(window)) : all;
  }
}
