package org.ggml4j.arch;

import java.util.List;
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
 * SmallThinker: the router looks at what goes into a layer, before attention, so that experts can
 * be fetched meanwhile; experts with ReLU; a window in three layers of four, and no positions in
 * the fourth.
 *
 * <p>arXiv 2507.20984. GGUF architecture {@code smallthinker}; llama.cpp's
 * src/models/smallthinker.cpp.
 */
final class SmallThinker implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, Moe moe) {}

  private static final int WINDOW = 4096; // whatever the file says, if it says more than 0
  private static final int N_PLAIN = 4; // every so many layers, one has no positions

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final boolean windows;
  private final boolean[] windowed;
  private final Rope rope;
  private final Rope windowRope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  SmallThinker(Hparams hp, Weights w) {
    this.hp = hp;
    windows = hp.keys().size("attention.sliding_window", 0) > 0;
    windowed = windows ? hp.windowedLayers(4, true) : new boolean[hp.nBlock()];
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, java.util.Optional.empty());
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
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w));
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length");
    Moe.Routing routing = hp.routing(hp.gating(), true);
    return w.moe(Activation.RELU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor logits = b.moe.router().apply(x).named("ffn_moe_logits", b.il); // [nExpert, nTokens]
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
        logits = in.selectOutputs(logits);
      }
      x = a.add(x).named("ffn_inp", b.il);
      x = b.moe.apply(b.ffnNorm.apply(x), logits).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned(b.il, h.q(), in).named("Qcur", b.il);
    Tensor k = turned(b.il, h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(int il, Tensor x, Inputs in) {
    return isPlain(il) ? x : rope(il).apply(x, in);
  }

  private boolean isPlain(int il) {
    return windows && il % N_PLAIN == 0;
  }

  private Rope rope(int il) {
    return windowed[il] ? windowRope : rope;
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = isPlain(il) ? hp.attention(il) : hp.attention(il, rope(il));
    return windowed[il] ? all.within(Window.sliding(WINDOW)) : all;
  }
}
