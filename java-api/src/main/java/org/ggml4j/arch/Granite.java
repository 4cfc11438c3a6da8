package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
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
import org.ggml4j.nn.Weights;

/**
 * Granite 3 and 4: as Llama, with factors of the embedding, of what each layer adds, of attention
 * scores and of the logits (maximal update parametrization, arXiv 2203.03466); dense or with
 * experts.
 *
 * <p>IBM, 2024. GGUF architecture {@code granite}; llama.cpp's src/models/granite.cpp.
 */
final class Granite implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, Ffn ffn) {}

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

  Granite(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    turned = keys.flag("rope.scaling.finetuned", true);
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
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
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
    Tensor q = (turned ? rope.apply(h.q(), in) : h.q()).named("Qcur", b.il);
    Tensor k = (turned ? rope.apply(h.k(), in) : h.k()).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, attnScale); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor residual(Tensor x) {
    return residualScale == 0 ? x : x.scale(residualScale);
  }

  @Override
  public LayerMemory memory(int il) {
    return turned ? hp.attention(il, rope) : hp.attention(il);
  }
}
