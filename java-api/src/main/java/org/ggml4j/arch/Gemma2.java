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
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * Gemma 2: norms before and after attention and feed-forward network, GEGLU, a scaled embedding
 * that is the output too, every other layer with a window, and caps on attention scores and logits.
 *
 * <p>arXiv 2408.00118. GGUF architecture {@code gemma2}; llama.cpp's src/models/gemma2.cpp.
 */
final class Gemma2 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      RmsNorm postAttentionNorm,
      RmsNorm ffnNorm,
      FeedForward ffn,
      RmsNorm postFfwNorm) {}

  private static final int N_LAYER_27B = 46;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final Rope windowRope;
  private final boolean[] windowed;
  private final Window window;
  private final Scores scores;
  private final float finalCap;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Gemma2(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("attention.scale"); // it follows from the sizes
    Keys keys = hp.keys();
    windowed = hp.windowedLayers(2, false);
    int nWindow = keys.size("attention.sliding_window", 4096);
    hp.require(nWindow > 0, "attention.sliding_window 0");
    window = Window.sliding(nWindow);
    // The largest one scales by the width of the model, the others by that of a head.
    int width = hp.nLayer() == N_LAYER_27B ? hp.nEmbd() / hp.nHead() : hp.headDim();
    scores =
        Scores.scaled((float) (1 / Math.sqrt(width)))
            .withSoftcap(keys.positive("attn_logit_softcapping", 50));
    finalCap = keys.positive("final_logit_softcapping", 30);
    rope = hp.rope(Style.HALVES, w);
    windowRope = rope.withBase(keys.positive("rope.freq_base_swa", hp.ropeScaling().freqBase()));
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.tied(tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), hp.normRmsEps()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales(),
        w.rmsNorm("post_ffw_norm", hp.nEmbd(), hp.normRmsEps()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()).scale((float) Math.sqrt(hp.nEmbd()));
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(b.postAttentionNorm.apply(a)).named("sa_out", b.il);
      Tensor f = b.ffn.apply(b.ffnNorm.apply(x));
      x = x.add(b.postFfwNorm.apply(f)).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)); // [nVocab, nOutputs]
    return x.softcap(finalCap).named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope(b.il).apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope(b.il).apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, scores); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Rope rope(int il) {
    return windowed[il] ? windowRope : rope;
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = hp.attention(il, rope(il));
    return windowed[il] ? all.within(window) : all;
  }
}
