package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters;
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
 * Laguna: results of attention are weighed by a softplus of what went into it, one number for each
 * head or for each element; layers with a window, whose positions are not scaled, beside others;
 * dense first layers, then experts beside one that is always used.
 *
 * <p>Poolside. GGUF architecture {@code laguna}; llama.cpp's src/models/laguna.cpp.
 */
final class Laguna implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnGate,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final int window;
  private final boolean[] windowed;
  private final Rope rope;
  private final Rope windowRope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Laguna(Hparams hp, Weights w) {
    this.hp = hp;
    window = hp.keys().size("attention.sliding_window", 0);
    windowed = window > 0 ? hp.windowedLayers(4, true) : new boolean[hp.nBlock()];
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    float base = hp.keys().positive("rope.freq_base_swa", hp.ropeScaling().freqBase());
    int nRot = hp.keys().size("rope.dimension_count_swa", hp.nRot());
    windowRope = rope.with(RopeParameters::unscaled).with(p -> p.withRot(nRot)).withBase(base);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd).withoutScale();
  }

  private Block block(Weights w) {
    int nHead = hp.nHead(w.il());
    long nEmbdQ = (long) hp.headDim() * nHead;
    boolean byHead = !w.isOfShape("attn_gate.weight", hp.nEmbd(), nEmbdQ);
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_gate", hp.nEmbd(), byHead ? nHead : nEmbdQ).withoutScale(),
        w.linear("attn_output", nEmbdQ, hp.nEmbd()).withoutBias(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private Ffn ffn(Weights w) {
    Keys keys = hp.keys();
    if (w.il() < keys.size("leading_dense_block_count")) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    int nFf = keys.size("expert_feed_forward_length");
    int own = keys.size("expert_shared_feed_forward_length", 0);
    int nFfShared = own > 0 ? own : nFf * keys.size("expert_shared_count", 1);
    boolean normalised = keys.flag("expert_weights_norm", false);
    Moe.Routing routing = hp.routing(hp.gating(Moe.Gating.SIGMOID), normalised);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert())
        .withoutScales()
        .withShared(
            w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFfShared).withoutScales());
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
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor gate = b.attnGate.apply(x).softplus(); // [nHead or headDim * nHead, nTokens]
    Tensor q = rope(b.il).apply(b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = rope(b.il).apply(b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDim * nHead, nTokens]
    if (gate.ne(0) == y.ne(0)) {
      y = y.mul(gate);
    } else {
      y = y.splitHeads(hp.headDim()).mul(gate.splitHeads(1)).mergeHeads();
    }
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Rope rope(int il) {
    return windowed[il] ? windowRope : rope;
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = hp.attention(il, rope(il));
    return windowed[il] ? all.within(Window.sliding(window)) : all;
  }
}
