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
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * EXAONE 4: norms after attention and feed-forward network, none before; norms of each query and
 * key head; in the larger one three layers of four have a window, and the others no positions.
 *
 * <p>arXiv 2507.11407. GGUF architecture {@code exaone4}; llama.cpp's src/models/exaone4.cpp.
 */
final class Exaone4 implements Architecture.Decoder {
  private record Block(
      int il,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm postAttentionNorm,
      FeedForward ffn,
      RmsNorm postFfwNorm) {}

  private static final int N_LAYER_32B = 64;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final boolean mixed;
  private final int window;
  private final boolean[] windowed;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Exaone4(Hparams hp, Weights w) {
    this.hp = hp;
    mixed = hp.nLayer() == N_LAYER_32B;
    window = hp.keys().size("attention.sliding_window", 4096);
    hp.require(!mixed || window > 0, "attention.sliding_window 0");
    windowed = mixed ? hp.windowedLayers(4, false) : new boolean[hp.nBlock()];
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
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
    Tensor q = turned(b, b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = turned(b, b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(Block b, Tensor x, Inputs in) {
    return mixed && !windowed[b.il] ? x : rope.apply(x, in);
  }

  @Override
  public LayerMemory memory(int il) {
    if (windowed[il]) {
      return hp.attention(il, rope).within(Window.sliding(window));
    }
    return mixed ? hp.attention(il) : hp.attention(il, rope);
  }
}
