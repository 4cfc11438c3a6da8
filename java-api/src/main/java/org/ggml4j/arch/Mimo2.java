package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
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
 * MiMo V2: layers with a window beside others, heads with a sink, values of another size than keys,
 * and in most layers experts chosen by a sigmoid and a bias. The layers that predict further tokens
 * are left aside.
 *
 * <p>arXiv 2601.02780. GGUF architecture {@code mimo2}; llama.cpp's src/models/mimo2.cpp.
 */
final class Mimo2 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Optional<Weight> attnSinks,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final boolean[] windowed;
  private final Window window;
  private final Rope rope;
  private final Rope windowRope;
  private final float valueScale;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Mimo2(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    windowed = keys.flags("attention.sliding_window_pattern", hp.nBlock());
    window = Window.sliding(keys.size("attention.sliding_window"));
    valueScale = keys.number("attention.value_scale", 0);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    windowRope = rope.withFrequency(keys.positive("rope.freq_base_swa", 10000), 1);
    blocks = w.blocks(hp.nLayer(), this::block);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    int nHead = hp.nHead(w.il());
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w).withoutScales().withoutBiases(),
        w.optional("attn_sinks.weight", nHead),
        w.linear("attn_output", (long) hp.headDimV() * nHead, hp.nEmbd()).withoutBias(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.has("ffn_gate_inp.weight")
            ? moe(w)
            : w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
  }

  private Moe moe(Weights w) {
    for (String unused : List.of("ffn_gate.", "ffn_up.", "ffn_down.")) {
      w.ignoreAll(unused); // a dense network beside experts is not computed
    }
    int nFf = hp.keys().size("expert_feed_forward_length");
    Moe.Routing routing = hp.routing(Moe.Gating.SIGMOID, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
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
      x = a.add(x).named("ffn_inp", b.il);
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim or headDimV, nHead or nHeadKv, nTokens]
    Tensor q = rope(b.il).apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope(b.il).apply(h.k(), in).named("Kcur", b.il);
    Scores scores = Scores.scaled(hp.attnScale()).withSinks(b.attnSinks);
    Tensor y = kv.append(k, h.v()).attend(q, scores); // [headDimV * nHead, nTokens]
    y = b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
    return valueScale == 0 || valueScale == 1 ? y : y.scale(valueScale);
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
