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
 * Spark 2.5: as Gemma without its extra norms; some layers have a window, and each head of
 * attention has a gate.
 *
 * <p>No paper is known to us. GGUF architecture {@code spark2_5}; llama.cpp's
 * src/models/spark2-5.cpp.
 */
final class Spark25 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnGate,
      Linear attnOutput,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final Rope windowRope;
  private final boolean[] windowed;
  private final Window window;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Spark25(Hparams hp, Weights w) {
    this.hp = hp;
    window = Window.sliding(hp.keys().size("attention.sliding_window"));
    windowed = hp.windowedLayers(1, false);
    rope = hp.rope(Style.HALVES, w);
    float base = hp.keys().positive("rope.freq_base_swa", hp.ropeScaling().freqBase());
    int nRot = hp.keys().size("rope.dimension_count_swa", hp.nRot());
    windowRope = rope.withBase(base).with(p -> p.withRot(nRot));
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd).withoutScale();
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_gate", hp.nEmbd(), hp.nHead(w.il())).withoutScale(),
        w.linear("attn_output", (long) hp.headDim() * hp.nHead(w.il()), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales());
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
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope(b.il).apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope(b.il).apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDim * nHead, nTokens]
    Tensor gate = b.attnGate.apply(x).sigmoid().splitHeads(1); // [1, nHead, nTokens]
    y = y.splitHeads(hp.headDim()).mul(gate).mergeHeads();
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = hp.attention(il, rope(il));
    return windowed[il] ? all.within(window) : all;
  }

  private Rope rope(int il) {
    return windowed[il] ? windowRope : rope;
  }
}
