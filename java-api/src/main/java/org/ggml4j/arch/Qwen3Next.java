package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.GatedDeltaNet;
import org.ggml4j.nn.GatedDeltaRule;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.SharedExperts;
import org.ggml4j.nn.StateSpace;
import org.ggml4j.nn.Weights;

/**
 * Qwen 3 Next: three of four layers are gated delta networks, a linear attention behind a short
 * convolution; the fourth has attention with norms of heads and a gate of its result. All have
 * experts, beside one for all tokens that has a gate.
 *
 * <p>arXiv 2412.06464 (gated delta networks) and 2505.06708 (gated attention). GGUF architecture
 * {@code qwen3next}; llama.cpp's src/models/qwen3next.cpp and delta-net-base.cpp.
 */
final class Qwen3Next implements Architecture.Decoder {
  private record Attention(
      Linear attnQ,
      Linear attnK,
      Linear attnV,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput) {}

  private record Delta(GatedDeltaNet net, Linear ssmBa) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Attention> attention,
      Optional<Delta> delta,
      RmsNorm attnPostNorm,
      SharedExperts ffn) {}

  private final Hparams hp;
  private final float attnScale;
  private final boolean[] recurrent;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Qwen3Next(Hparams hp, Weights w) {
    this.hp = hp;
    attnScale = hp.givenAttnScale();
    recurrent = hp.recurrentLayers(4);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
    w.ignoreAll("cls."); // what a reranker does with the last state instead
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent[w.il()] ? Optional.empty() : Optional.of(attention(w)),
        recurrent[w.il()] ? Optional.of(delta(w)) : Optional.empty(),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w).withShared(shared(w), w.linear("ffn_gate_inp_shexp", hp.nEmbd(), 1)));
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length", 0);
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    int nFfExp = nFf > 0 ? nFf : hp.nFf() / hp.nExpertUsed();
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFfExp, hp.nExpert());
  }

  private FeedForward shared(Weights w) {
    int nFf = hp.keys().size("expert_shared_feed_forward_length", 0);
    return w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf > 0 ? nFf : hp.nFf());
  }

  private Attention attention(Weights w) {
    return new Attention(
        w.linear("attn_q", hp.nEmbd(), 2L * hp.nEmbdQ()),
        w.linear("attn_k", hp.nEmbd(), hp.nEmbdKv()),
        w.linear("attn_v", hp.nEmbd(), hp.nEmbdKv()),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()));
  }

  private Delta delta(Weights w) {
    hp.require(w.has("attn_qkv.weight"), "a fused ssm_in, as older files have");
    w.ignoreAll("ssm_in."); // the same in another order
    StateSpace s = hp.stateSpaceWithHeads();
    int nHead = s.rank();
    GatedDeltaRule rule = new GatedDeltaRule(s.nState(), nHead, nHead);
    return new Delta(
        GatedDeltaNet.of(w, s, rule, hp.normRmsEps()).withoutScales(),
        w.linear("ssm_ba", hp.nEmbd(), 2L * nHead).withoutScale());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.attention.isPresent()
              ? attention(b.attention.get(), u, in, kv.layer(b.il))
              : delta(b.delta.orElseThrow(), u, kv, b.il);
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("attn_residual", b.il);
      x = b.ffn.apply(b.attnPostNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Attention a, Tensor x, Inputs in, KvCache.Layer kv) {
    Tensor both = a.attnQ.apply(x).splitHeads(2L * hp.headDim()); // [2 headDim, nHead, nTokens]
    Tensor gate = both.columns(hp.headDim(), hp.headDim()).cont().mergeHeads().sigmoid();
    Tensor q = rope.apply(a.attnQNorm.apply(both.columns(0, hp.headDim())), in);
    Tensor k = rope.apply(a.attnKNorm.apply(a.attnK.apply(x).splitHeads(hp.headDim())), in);
    Tensor v = a.attnV.apply(x).splitHeads(hp.headDim()); // [headDim, nHeadKv, nTokens]
    Tensor y = kv.append(k, v).attend(q, attnScale);
    return a.attnOutput.apply(y.mul(gate)); // [nEmbd, nTokens]
  }

  private static Tensor delta(Delta d, Tensor x, KvCache kv, int il) {
    int nEach = d.net.rule().nHead() / d.net.nHeadK(); // heads of values for one of keys
    Tensor ba = d.ssmBa.apply(x).splitHeads(2L * nEach); // [2 nEach, nHeadK, nTokens]
    Tensor beta = ba.columns(0, nEach).cont().mergeHeads(); // [nHead, nTokens]
    Tensor alpha = ba.columns(nEach, nEach).cont().mergeHeads();
    return d.net.apply(x, alpha, beta, kv, il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    Optional<Delta> d = blocks.get(il).delta;
    return d.isPresent() ? d.get().net.memory() : hp.attention(il, rope);
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
