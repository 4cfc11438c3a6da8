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
 * Muse Glimmer: norms before and after attention and feed-forward network and of each query and key
 * head, a gate behind attention, three layers with a window for each one without, which has no
 * positions.
 *
 * <p>No paper is known to us. GGUF architecture {@code muse-glimmer}; llama.cpp's
 * src/models/muse-glimmer.cpp.
 */
final class MuseGlimmer implements Architecture.Decoder {
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
      FeedForward ffn,
      RmsNorm postFfwNorm) {}

  private static final float POST_NORM_EPS = 1e-8f;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final boolean[] windowed;
  private final Window window;
  private final float logitScale;
  private final float finalCap;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  MuseGlimmer(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    windowed = hp.windowedLayers(4, false);
    window = Window.sliding(keys.size("attention.sliding_window"));
    logitScale = keys.number("logit_scale");
    finalCap = keys.number("final_logit_softcapping", 0);
    float base = keys.positive("rope.freq_base_swa", hp.ropeScaling().freqBase());
    rope = hp.rope(Style.INTERLEAVED, w).withFrequency(base, 1);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
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
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), POST_NORM_EPS),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales(),
        w.rmsNorm("post_ffw_norm", hp.nEmbd(), POST_NORM_EPS));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()).rmsNorm(hp.normRmsEps()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(b.postAttentionNorm.apply(a)).named("ffn_inp", b.il);
      Tensor f = b.ffn.apply(b.ffnNorm.apply(x));
      x = x.add(b.postFfwNorm.apply(f)).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)).scale(logitScale); // [nVocab, nOutputs]
    return (finalCap > 0 ? x.softcap(finalCap) : x).named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned(b, b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = turned(b, b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    y = y.mul(b.attnGate.apply(x).sigmoid());
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
