package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
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
 * PLaMo 3: norms before and after attention and feed-forward network and of each query and key
 * head, SwiGLU in one matrix, seven layers with a window for each one without.
 *
 * <p>Preferred Networks, 2025. GGUF architecture {@code plamo3}; llama.cpp's src/models/plamo3.cpp.
 */
final class Plamo3 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm postAttentionNorm,
      RmsNorm ffnNorm,
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

  Plamo3(Hparams hp, Weights w) {
    this.hp = hp;
    window = hp.keys().size("attention.sliding_window", 0);
    windowed = window > 0 ? hp.windowedLayers(8, false) : new boolean[hp.nBlock()];
    rope = hp.rope(Style.HALVES, w);
    windowRope = rope.withFrequency(hp.keys().positive("rope.freq_base_swa", 10000), 1);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w).withoutScales(),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_output", (long) hp.headDimV() * hp.nHead(w.il()), hp.nEmbd()),
        nameless("post_attention_norm", w),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.fusedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf(w.il())).withoutScales(),
        nameless("post_ffw_norm", w));
  }

  /** A norm whose tensor's name does not end in "weight". */
  private RmsNorm nameless(String name, Weights w) {
    Weight factors = w.vector(name, hp.nEmbd());
    return new RmsNorm(factors, hp.normRmsEps(), name + "-" + w.il());
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
      x = x.add(b.postAttentionNorm.apply(a)).named("ffn_inp", b.il);
      Tensor f = b.ffn.apply(b.ffnNorm.apply(x));
      x = x.add(b.postFfwNorm.apply(f)).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope(b.il).apply(b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = rope(b.il).apply(b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
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
