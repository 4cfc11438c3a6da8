package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Mamba2Mixer;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Granite 4 H: as Granite, with a Mamba-2 mixer in the place of attention in most layers; dense or
 * with experts.
 *
 * <p>IBM, 2025. GGUF architecture {@code granitehybrid}; llama.cpp's src/models/granite-hybrid.cpp.
 */
final class GraniteHybrid implements Architecture.Decoder {
  private record Attention(Qkv attnQkv, Linear attnOutput) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Attention> attention,
      Optional<Mamba2Mixer> mixer,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final boolean turned;
  private final float embeddingScale;
  private final float residualScale;
  private final float logitScale;
  private final float attnScale;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  GraniteHybrid(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    turned = keys.flag("rope.scaling.finetuned", true);
    embeddingScale = keys.number("embedding_scale", 0);
    residualScale = keys.number("residual_scale", 0);
    logitScale = keys.number("logit_scale", 0);
    attnScale = hp.givenAttnScale();
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(attention(w)),
        recurrent
            ? Optional.of(Mamba2Mixer.of(w, hp.stateSpaceWithHeads(), hp.normRmsEps()))
            : Optional.empty(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private Attention attention(Weights w) {
    long nEmbdQ = (long) hp.headDim() * hp.nHead(w.il());
    return new Attention(hp.qkv(w), w.linear("attn_output", nEmbdQ, hp.nEmbd()));
  }

  private Ffn ffn(Weights w) {
    if (hp.nExpert() == 0) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    Moe moe =
        w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert()).withoutScales();
    int nFf = hp.keys().size("expert_shared_feed_forward_length", 0);
    return nFf == 0
        ? moe
        : moe.withShared(
            w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf).withoutScales());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    x = embeddingScale == 0 ? x : x.scale(embeddingScale);
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.mixer.isPresent()
              ? b.mixer.get().apply(u, kv, b.il)
              : attention(b.attention.orElseThrow(), u, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = residual(y).add(x).named("ffn_inp", b.il);
      x = residual(b.ffn.apply(b.ffnNorm.apply(x))).add(x).named("l_out", b.il);
    }
    x = output.apply(outputNorm.apply(x)); // [nVocab, nOutputs]
    return (logitScale == 0 ? x : x.scale(1 / logitScale)).named("result_output");
  }

  private Tensor attention(Attention a, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = a.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = turned ? rope.apply(h.q(), in) : h.q();
    Tensor k = turned ? rope.apply(h.k(), in) : h.k();
    return a.attnOutput.apply(kv.append(k, h.v()).attend(q, attnScale)); // [nEmbd, nTokens]
  }

  private Tensor residual(Tensor x) {
    return residualScale == 0 ? x : x.scale(residualScale);
  }

  @Override
  public LayerMemory memory(int il) {
    Optional<Mamba2Mixer> mixer = blocks.get(il).mixer;
    if (mixer.isPresent()) {
      return mixer.get().memory();
    }
    return turned ? hp.attention(il, rope) : hp.attention(il);
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
