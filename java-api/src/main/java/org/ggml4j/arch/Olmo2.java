package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * OLMo 2 and 3: norms after attention and feed-forward network, none before; queries and keys are
 * normalised across all heads; in OLMo 3 three layers of four have a window, and positions that are
 * not stretched.
 *
 * <p>arXiv 2501.00656. GGUF architecture {@code olmo2}; llama.cpp's src/models/olmo2.cpp.
 */
final class Olmo2 implements Architecture.Decoder {
  private record Block(
      int il,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm postAttentionNorm,
      FeedForward ffn,
      RmsNorm postFfwNorm) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final Rope windowRope;
  private final int window;
  private final boolean[] windowed;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Olmo2(Hparams hp, Weights w) {
    this.hp = hp;
    window = hp.keys().size("attention.sliding_window", 0);
    windowed = window > 0 ? hp.windowedLayers(4, false) : new boolean[hp.nBlock()];
    rope = hp.rope(Style.HALVES, w);
    windowRope = rope.with(RopeParameters::unscaled);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.nEmbdQ(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.nEmbdKv(), hp.normRmsEps()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales(),
        w.rmsNorm("post_ffw_norm", hp.nEmbd(), hp.normRmsEps()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, x, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(b.postAttentionNorm.apply(a)).named("ffn_inp", b.il);
      x = x.add(b.postFfwNorm.apply(b.ffn.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = b.attnQNorm.apply(h.q().mergeHeads()).splitHeads(hp.headDim());
    Tensor k = b.attnKNorm.apply(h.k().mergeHeads()).splitHeads(hp.headDim());
    q = rope(b.il).apply(q, in).named("Qcur", b.il);
    k = rope(b.il).apply(k, in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = hp.attention(il, rope(il));
    return windowed[il] ? all.within(Window.sliding(window)) : all;
  }

  private Rope rope(int il) {
    return windowed[il] ? windowRope : rope;
  }
}
