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
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.SharedExperts;
import org.ggml4j.nn.Weights;

/**
 * Hunyuan-A13B: experts beside a feed-forward network that is always used; heads are turned before
 * their norm.
 *
 * <p>Tencent, 2025. GGUF architecture {@code hunyuan-moe}; llama.cpp's src/models/hunyuan-moe.cpp.
 */
final class HunYuanMoe implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm ffnNorm,
      SharedExperts ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  HunYuanMoe(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
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
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w).withShared(shared(w)));
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert())
        .withoutScales();
  }

  private FeedForward shared(Weights w) {
    int own = hp.keys().size("expert_shared_feed_forward_length", 0);
    int nFf = own > 0 ? own : hp.nFf();
    return w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf).withoutScales();
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
    Tensor q = b.attnQNorm.apply(rope.apply(h.q(), in)).named("Qcur", b.il);
    Tensor k = b.attnKNorm.apply(rope.apply(h.k(), in)).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }

  @Override
  public boolean canShift() {
    return false; // the factors of the norm come after the turn
  }
}
