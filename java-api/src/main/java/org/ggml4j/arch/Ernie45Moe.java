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
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Ernie 4.5 with experts: as Ernie 4.5, with a mixture of experts and shared ones behind the first
 * layers, or in every n-th of those.
 *
 * <p>GGUF architecture {@code ernie4_5-moe}; llama.cpp's src/models/ernie4-5-moe.cpp.
 */
final class Ernie45Moe implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Ernie45Moe(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private Ffn ffn(Weights w) {
    boolean experts =
        w.il() >= hp.keys().size("leading_dense_block_count", 0)
            && (w.il() + 1) % hp.keys().size("interleave_moe_layer_step") == 0;
    if (!experts) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    Moe moe = moe(w);
    int nFf = hp.keys().size("expert_shared_feed_forward_length", 0);
    return nFf == 0
        ? moe
        : moe.withShared(
            w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf).withoutScales());
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length");
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
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
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
