package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
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
import org.ggml4j.nn.Weights;

/**
 * GroveMoE: as Qwen 3 with experts, of which each group has a small one in common (adjugate
 * experts), which sees what the chosen ones give.
 *
 * <p>arXiv 2508.07785. GGUF architecture {@code grovemoe}; llama.cpp's src/models/grovemoe.cpp.
 */
final class GroveMoe implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Moe moe,
      Moe adjugate) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final float groupScale;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  GroveMoe(Hparams hp, Weights w) {
    this.hp = hp;
    groupScale = hp.keys().number("expert_group_scale");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    Moe moe = moe(w);
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe,
        adjugate(moe, w));
  }

  private Moe moe(Weights w) {
    int own = hp.keys().size("expert_feed_forward_length", 0);
    int nFf = own > 0 ? own : hp.nFf() / hp.nExpertUsed();
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  /** Each in the place of a group of experts. */
  private Moe adjugate(Moe moe, Weights w) {
    int own = hp.keys().size("expert_chunk_feed_forward_length", 0);
    int nFf = own > 0 ? own : hp.headDim();
    int nInCommon = hp.keys().size("experts_per_group");
    hp.require(hp.nExpert() % nInCommon == 0, "experts_per_group that does not divide them");
    int n = hp.nExpert() / nInCommon;
    Moe.Routing routing =
        Moe.Routing.softmax(Math.min(n, hp.nExpertUsed()), true)
            .withScale(moe.routing().scale())
            .inCommon(nInCommon);
    return new Moe(
        moe.router(),
        Optional.empty(),
        Optional.of(w.experts("ffn_gate_chexps", hp.nEmbd(), nFf, n).withoutScale()),
        w.experts("ffn_up_chexps", hp.nEmbd(), nFf, n).withoutScale(),
        w.experts("ffn_down_chexps", nFf, hp.nEmbd(), n).withoutScale(),
        false,
        Activation.SILU,
        routing,
        w.il());
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
      x = feedForward(b, b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor feedForward(Block b, Tensor x) {
    Tensor logits = b.moe.router().apply(x).named("ffn_moe_logits", b.il); // [nExpert, n]
    Tensor y = b.moe.apply(x, logits);
    return y.add(b.adjugate.apply(y, logits).scale(groupScale));
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(b.attnQNorm.apply(h.q()), in).named("Qcur", b.il);
    Tensor k = rope.apply(b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
