package org.ggml4j.arch;

import java.util.List;
import java.util.function.UnaryOperator;
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
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.SharedExperts;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * Command A with experts: as Command R7B, with dense first layers, then experts chosen by a
 * sigmoid, whose sum with those that are always used is halved. The layers that predict further
 * tokens are left aside.
 *
 * <p>GGUF architecture {@code cohere2moe}; llama.cpp's src/models/cohere2moe.cpp.
 */
final class Cohere2Moe implements Architecture.Decoder {
  private record Block(
      int il, UnaryOperator<Tensor> attnNorm, Qkv attnQkv, Linear attnOutput, Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final boolean[] windowed;
  private final Window window;
  private final int nDenseLead;
  private final float logitScale;
  private final List<Block> blocks;
  private final UnaryOperator<Tensor> outputNorm;
  private final Linear output;

  Cohere2Moe(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    windowed = hp.windowedLayers(4, true);
    window = Window.sliding(keys.size("attention.sliding_window"));
    nDenseLead = keys.size("leading_dense_block_count", 0);
    logitScale = keys.number("logit_scale");
    keys.ignore("rope.freq_base_swa"); // llama.cpp turns all layers alike
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
    outputNorm = norm("output_norm", w);
    output = w.outputOrTied("output", tokenEmbd).withoutScale();
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        norm("attn_norm", w),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.il() < nDenseLead ? w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()) : moe(w));
  }

  /** By the root of the mean square, if the file says its epsilon. */
  private UnaryOperator<Tensor> norm(String name, Weights w) {
    boolean square = hp.keys().number("attention.layer_norm_rms_epsilon", 0) != 0;
    return square
        ? w.rmsNorm(name, hp.nEmbd(), hp.normRmsEps())::apply
        : w.layerNorm(name, hp.nEmbd(), hp.normEps())::apply;
  }

  private Ffn moe(Weights w) {
    Keys keys = hp.keys();
    int own = keys.size("expert_feed_forward_length", 0);
    int nFf = own > 0 ? own : hp.nFf();
    boolean normalised = keys.flag("expert_weights_norm", false);
    Moe.Routing routing = hp.routing(hp.gating(Moe.Gating.SIGMOID), normalised);
    Moe moe = w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert());
    int nShared = keys.size("expert_shared_count", 0);
    int ownShared = keys.size("expert_shared_feed_forward_length", 0);
    int nFfShared = ownShared > 0 ? ownShared : nFf * nShared;
    return nShared == 0
        ? moe
        : moe.withShared(w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFfShared));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor normed = b.attnNorm.apply(x);
      Tensor a = attention(b, normed, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
        normed = in.selectOutputs(normed);
      }
      Tensor y = b.ffn.apply(normed);
      y = b.ffn instanceof SharedExperts ? y.scale(0.5f) : y;
      x = y.add(x).add(a).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)); // [nVocab, nOutputs]
    return (logitScale == 0 ? x : x.scale(logitScale)).named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned(b.il, h.q(), in).named("Qcur", b.il);
    Tensor k = turned(b.il, h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(int il, Tensor x, Inputs in) {
    return isTurned(il) ? rope.apply(x, in) : x;
  }

  private boolean isTurned(int il) {
    return windowed[il] || il < nDenseLead;
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = isTurned(il) ? hp.attention(il, rope) : hp.attention(il);
    return windowed[il] ? all.within(window) : all;
  }
}
