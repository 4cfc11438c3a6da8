package org.ggml4j.arch;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * Granite with windows: as Granite, with a window in some layers, positions in some, and a sink for
 * each head, a score that takes attention from all tokens.
 *
 * <p>No paper is known to us. GGUF architecture {@code granite_swa}; llama.cpp's
 * src/models/granite-swa.cpp.
 */
final class GraniteSwa implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      Weight attnSinks,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final boolean[] windowed;
  private final boolean[] turned;
  private final Window window;
  private final float embeddingScale;
  private final float residualScale;
  private final float logitScale;
  private final float attnScale;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  GraniteSwa(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    windowed = hp.windowedLayers(1, false);
    window = Window.sliding(keys.size("attention.sliding_window"));
    turned = turnedLayers(keys);
    embeddingScale = keys.number("embedding_scale", 0);
    residualScale = keys.number("residual_scale", 0);
    logitScale = keys.positive("logit_scale");
    attnScale = hp.givenAttnScale();
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
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
        w.vector("attn_sinks.weight", hp.nHead()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private boolean[] turnedLayers(Keys keys) {
    String key = "attention.rope_pattern";
    if (keys.has(key) && keys.isArray(key)) {
      return keys.flags(key, hp.nBlock());
    }
    boolean[] all = new boolean[hp.nBlock()];
    Arrays.fill(all, true);
    return all;
  }

  /** One matrix holds the gate and what it gates. */
  private FeedForward shared(Weights w, int nFf) {
    Linear up = w.linear("ffn_up_shexp", hp.nEmbd(), 2L * nFf).withoutScale();
    Linear down = w.linear("ffn_down_shexp", nFf, hp.nEmbd()).withoutScale();
    return new FeedForward(Optional.empty(), up, down, true, Activation.SILU, w.il());
  }

  private Ffn ffn(Weights w) {
    if (hp.nExpert() == 0) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    Moe moe =
        w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert()).withoutScales();
    int nFf = hp.keys().size("expert_shared_feed_forward_length", 0);
    return nFf == 0 ? moe : moe.withShared(shared(w, nFf));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    x = embeddingScale == 0 ? x : x.scale(embeddingScale);
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(residual(a)).named("ffn_inp", b.il);
      x = x.add(residual(b.ffn.apply(b.ffnNorm.apply(x)))).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)); // [nVocab, nOutputs]
    return x.scale(1 / logitScale).named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = (turned[b.il] ? rope.apply(h.q(), in) : h.q()).named("Qcur", b.il);
    Tensor k = (turned[b.il] ? rope.apply(h.k(), in) : h.k()).named("Kcur", b.il);
    Scores scores = Scores.scaled(attnScale).withSinks(Optional.of(b.attnSinks));
    Tensor y = kv.append(k, h.v()).attend(q, scores); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor residual(Tensor x) {
    return residualScale == 0 ? x : x.scale(residualScale);
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = turned[il] ? hp.attention(il, rope) : hp.attention(il);
    return windowed[il] ? all.within(window) : all;
  }
}
