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
 * Qwen 1.5 and 2 with experts: as Qwen 2, with a mixture of feed-forward networks and one that all
 * tokens share, weighed by a gate of its own.
 *
 * <p>arXiv 2407.10671. GGUF architecture {@code qwen2moe}; llama.cpp's src/models/qwen2moe.cpp.
 */
final class Qwen2Moe implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      RmsNorm ffnNorm,
      SharedExperts ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Qwen2Moe(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
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
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w).withShared(shared(w), w.linear("ffn_gate_inp_shexp", hp.nEmbd(), 1)));
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length", 0);
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, false);
    int nFfExp = nFf > 0 ? nFf : hp.nFf() / hp.nExpertUsed();
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFfExp, hp.nExpert()).withoutScales();
  }

  private FeedForward shared(Weights w) {
    int nFf = hp.keys().size("expert_shared_feed_forward_length", 0);
    int nFfShexp = nFf > 0 ? nFf : hp.nFf();
    return w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFfShexp).withoutScales();
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
