package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
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
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * Llama 4: layers that look at their chunk of 8192 tokens, with positions, and every fourth layer
 * one that looks at everything, without positions, whose queries grow with theirs; a norm of heads
 * without weights behind the positions; a mixture of experts, whose weights are factors of what
 * goes in, and a shared one, in every n-th layer.
 *
 * <p>GGUF architecture {@code llama4}; llama.cpp's src/models/llama4.cpp.
 */
final class Llama4 implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, Ffn ffn) {}

  private static final int N_CHUNK = 8192;
  private static final int N_PLAIN = 4; // every so many layers, one has no positions
  private static final float TEMPERATURE = 0.1f;
  private static final int N_EXPERT_MAVERICK = 128;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final Rope chunkRope;
  private final boolean[] chunked;
  private final boolean normed;
  private final float attnScale;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Llama4(Hparams hp, Weights w) {
    this.hp = hp;
    int nChunk = hp.keys().size("attention.sliding_window", N_CHUNK); // llama.cpp knows one size
    hp.require(nChunk > 0, "attention to everything in all layers (attention.sliding_window 0)");
    hp.keys().ignore("attention.temperature_scale", "attention.temperature_length"); // constants
    chunked = hp.windowedLayers(4, false);
    attnScale = hp.givenAttnScale();
    normed = hp.nExpert() != N_EXPERT_MAVERICK;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
    chunkRope =
        rope.withBase(hp.keys().positive("rope.freq_base_swa", hp.ropeScaling().freqBase()));
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
        ffn(w));
  }

  private Ffn ffn(Weights w) {
    int step = hp.keys().size("interleave_moe_layer_step", 0);
    boolean experts = step > 0 && (w.il() + 1) % step == 0;
    if (!experts) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    return moe(w).withShared(shared(w));
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length");
    Moe.Routing routing = hp.routing(Moe.Gating.SIGMOID, false).weighingInput();
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  private FeedForward shared(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length");
    return w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    Optional<Tensor> temperature =
        blocks.size() < N_PLAIN
            ? Optional.empty()
            : Optional.of(in.attentionTemperature(TEMPERATURE, N_CHUNK, 1)); // [1, 1, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, temperature, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(
      Block b, Tensor x, Inputs in, Optional<Tensor> temperature, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Optional<Rope> r = rope(b.il);
    Tensor q = r.isPresent() ? turned(r.get(), h.q(), in) : h.q().mul(temperature.orElseThrow());
    Tensor k = r.isPresent() ? turned(r.get(), h.k(), in) : h.k();
    k = k.named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q.named("Qcur", b.il), attnScale);
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor turned(Rope r, Tensor x, Inputs in) {
    Tensor y = r.apply(x, in);
    return normed ? y.rmsNorm(hp.normRmsEps()) : y;
  }

  private Optional<Rope> rope(int il) {
    return (il + 1) % N_PLAIN == 0 ? Optional.empty() : Optional.of(chunked[il] ? chunkRope : rope);
  }

  @Override
  public LayerMemory memory(int il) {
    LayerMemory.Attention all = rope(il).map(r -> hp.attention(il, r)).orElse(hp.attention(il));
    return chunked[il] ? all.within(new Window(Window.Kind.CHUNKED, N_CHUNK)) : all;
  }
}
