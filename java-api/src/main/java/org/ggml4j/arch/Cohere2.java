package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * Command R7B and Command A: as Command R, with a window in three layers of four; those that look
 * at everything have no positions.
 *
 * <p>arXiv 2504.00698. GGUF architecture {@code cohere2}; llama.cpp's src/models/cohere2.cpp.
 */
final class Cohere2 implements Architecture.Decoder {
  private record Block(
      int il, LayerNorm attnNorm, Qkv attnQkv, Linear attnOutput, FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final boolean[] windowed;
  private final Window window;
  private final float logitScale;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Cohere2(Hparams hp, Weights w) {
    this.hp = hp;
    windowed = hp.windowedLayers(4, false);
    window = Window.sliding(hp.keys().size("attention.sliding_window"));
    logitScale = hp.keys().number("logit_scale");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.layerNorm("output_norm", hp.nEmbd(), hp.normEps());
    output = w.tied(tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.layerNorm("attn_norm", hp.nEmbd(), hp.normEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()));
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
      x = x.add(b.ffn.apply(normed)).add(a).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)); // [nVocab, nOutputs]
    return (logitScale == 0 ? x : x.scale(logitScale)).named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned(b, h.q(), in).named("Qcur", b.il);
    Tensor k = turned(b, h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(Block b, Tensor x, Inputs in) {
    return windowed[b.il] ? rope.apply(x, in) : x;
  }

  @Override
  public LayerMemory memory(int il) {
    return windowed[il] ? hp.attention(il, rope).within(window) : hp.attention(il);
  }
}
