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
 * Hunyuan V3: norms of query and key heads, dense first layers, then experts chosen by a sigmoid
 * and a bias beside one that is always used. The layers that predict further tokens are left aside.
 *
 * <p>Tencent. GGUF architecture {@code hy_v3}; llama.cpp's src/models/hy-v3.cpp.
 */
final class HyV3 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  HyV3(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
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
        w.has("ffn_gate_inp.weight")
            ? experts(w)
            : w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()));
  }

  private Ffn experts(Weights w) {
    for (String unused : List.of("ffn_gate.", "ffn_up.", "ffn_down.")) {
      w.ignoreAll(unused); // a dense network beside experts is not computed
    }
    Keys keys = hp.keys();
    int own = keys.size("expert_feed_forward_length", 0);
    int nFf = own > 0 ? own : hp.nFf() / hp.nExpertUsed();
    int ownShared = keys.size("expert_shared_feed_forward_length", 0);
    int nFfShared = ownShared > 0 ? ownShared : nFf;
    boolean normalised = keys.flag("expert_weights_norm", false);
    Moe.Routing routing = hp.routing(hp.gating(Moe.Gating.SIGMOID), normalised);
    // The bias of the choice has no ending here.
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert())
        .withSelectionBias(w.optional("exp_probs_b", hp.nExpert()))
        .withShared(w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFfShared));
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
