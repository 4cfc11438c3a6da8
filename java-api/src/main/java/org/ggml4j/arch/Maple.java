package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
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
 * Maple: experts, norms of query and key heads; layers with a window have positions, the others
 * have none.
 *
 * <p>GGUF architecture {@code maple}; llama.cpp's src/models/maple.cpp.
 */
final class Maple implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Moe moe) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final boolean[] windowed;
  private final Window window;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Maple(Hparams hp, Weights w) {
    this.hp = hp;
    windowed = hp.keys().flags("attention.sliding_window_pattern", hp.nBlock());
    window = Window.sliding(hp.keys().size("attention.sliding_window"));
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    float base = hp.keys().positive("rope.freq_base_swa", hp.ropeScaling().freqBase());
    rope = hp.rope(Style.HALVES, Optional.empty()).withBase(base);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w));
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length");
    float limit = hp.keys().numbers("swiglu_clamp_exp", hp.nBlock(), 0)[w.il()];
    Activation f = limit > 0 ? Activation.clampedSwiglu(limit) : Activation.SILU;
    Moe.Routing routing = Moe.Routing.softmax(hp.nExpertUsed(), true);
    return w.moe(f, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = a.add(x).named("ffn_inp", b.il);
      x = b.moe.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned(b.il, b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = turned(b.il, b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(int il, Tensor x, Inputs in) {
    return windowed[il] ? rope.apply(x, in) : x;
  }

  @Override
  public LayerMemory memory(int il) {
    return windowed[il] ? hp.attention(il, rope).within(window) : hp.attention(il);
  }
}
