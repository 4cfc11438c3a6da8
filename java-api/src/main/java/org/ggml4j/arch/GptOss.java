package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
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
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * gpt-oss: experts with biases and a cut-off SwiGLU, heads with a sink, every other layer within a
 * window.
 *
 * <p>arXiv 2508.10925. GGUF architecture {@code gpt-oss}; llama.cpp's src/models/openai-moe.cpp.
 */
final class GptOss implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      Optional<Weight> attnSinks,
      RmsNorm postAttentionNorm,
      Moe moe) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final Rope windowRope;
  private final boolean[] windowed;
  private final int window;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  GptOss(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
    window = hp.keys().size("attention.sliding_window");
    windowed = hp.windowedLayers(2, false);
    float base = hp.keys().number("rope.freq_base_swa", 0);
    windowRope = base > 0 ? rope.withBase(base) : rope;
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        Optional.of(w.vector("attn_sinks.weight", hp.nHead())),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w));
  }

  private Moe moe(Weights w) {
    int nFfExp = hp.keys().size("expert_feed_forward_length");
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX_OF_CHOSEN, false);
    return w.moe(Activation.SWIGLU_OAI, routing, true, hp.nEmbd(), nFfExp, hp.nExpert())
        .withoutScales();
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
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.moe.apply(b.postAttentionNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope(b.il).apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope(b.il).apply(h.k(), in).named("Kcur", b.il);
    Scores scores = Scores.scaled(hp.attnScale()).withSinks(b.attnSinks);
    Tensor y = kv.append(k, h.v()).attend(q, scores); // [headDimV * nHead, nTokens]
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
