package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
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
import org.ggml4j.nn.SequenceState;
import org.ggml4j.nn.ShortConv;
import org.ggml4j.nn.Weights;

/**
 * Liquid's LFM 2 with experts: as LFM 2, with a mixture of experts for the feed-forward network in
 * all but the first layers.
 *
 * <p>arXiv 2511.23404. GGUF architecture {@code lfm2moe}; llama.cpp's src/models/lfm2moe.cpp and
 * lfm2.cpp.
 */
final class Lfm2Moe implements Architecture.Decoder {
  private record Attention(Qkv attnQkv, RmsNorm attnQNorm, RmsNorm attnKNorm, Linear attnOutput) {}

  private record Convolution(Linear inProj, ShortConv conv, Linear outProj) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Attention> attention,
      Optional<Convolution> shortconv,
      RmsNorm ffnNorm,
      Optional<FeedForward> dense,
      Optional<Moe> moe) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Lfm2Moe(Hparams hp, Weights w) {
    this.hp = hp;
    hp.require(hp.keys().flag("attention.causal", true), "attention to later tokens");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("token_embd_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
    w.ignoreAll("dense_2."); // what a retriever does with the last states instead
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    boolean experts = w.il() >= hp.keys().size("leading_dense_block_count", 0);
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(attention(w)),
        recurrent ? Optional.of(convolution(w)) : Optional.empty(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        experts
            ? Optional.empty()
            : Optional.of(
                w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales()),
        experts ? Optional.of(moe(w)) : Optional.empty());
  }

  private Moe moe(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length");
    Moe.Routing routing = hp.routing(hp.gating(), true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  private Attention attention(Weights w) {
    return new Attention(
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_output", hp.nEmbd(), hp.nEmbd()));
  }

  private Convolution convolution(Weights w) {
    return new Convolution(
        w.linear("shortconv.in_proj", hp.nEmbd(), 3L * hp.nEmbd()),
        w.shortConv("shortconv.conv", hp.keys().size("shortconv.l_cache"), hp.nEmbd()),
        w.linear("shortconv.out_proj", hp.nEmbd(), hp.nEmbd()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.attention.isPresent()
              ? attention(b.attention.get(), u, in, kv.layer(b.il))
              : convolution(b.shortconv.orElseThrow(), u, kv.state(b.il, 0));
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(y).named("ffn_inp", b.il);
      u = b.ffnNorm.apply(x);
      y = b.moe.isPresent() ? b.moe.get().apply(u) : b.dense.orElseThrow().apply(u);
      x = x.add(y).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Attention a, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = a.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(a.attnQNorm.apply(h.q()), in);
    Tensor k = rope.apply(a.attnKNorm.apply(h.k()), in);
    return a.attnOutput.apply(kv.append(k, h.v()).attend(q, hp.attnScale())); // [nEmbd, nTokens]
  }

  private Tensor convolution(Convolution c, Tensor u, SequenceState state) {
    Tensor bcx = c.inProj.apply(u); // [3 nEmbd, nTokens]
    int n = hp.nEmbd();
    Tensor x = bcx.columns(0, n).mul(bcx.columns(2L * n, n));
    return c.outProj.apply(bcx.columns(n, n).mul(c.conv.apply(x, state))); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    Optional<Convolution> c = blocks.get(il).shortconv;
    return c.isPresent()
        ? LayerMemory.Recurrent.of(c.get().conv.stateSize())
        : hp.attention(il, rope);
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
