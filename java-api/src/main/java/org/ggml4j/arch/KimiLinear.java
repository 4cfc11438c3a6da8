package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.GatedDeltaRule;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.ShortConv;
import org.ggml4j.nn.Weights;

/**
 * Kimi Linear: three of four layers have Kimi delta attention, a gated delta rule whose decay is of
 * each channel; the fourth multi-head latent attention without positions, as DeepSeek's but for
 * them. Many small experts.
 *
 * <p>arXiv 2510.26692. GGUF architecture {@code kimi-linear}; llama.cpp's
 * src/models/kimi-linear.cpp.
 */
final class KimiLinear implements Architecture.Decoder {
  private record Latent(
      Linear attnQ, Linear attnKvAMqa, RmsNorm attnKvANorm, Weight attnKB, Weight attnVB) {}

  private record Delta(
      Linear attnQ,
      Linear attnK,
      Linear attnV,
      ShortConv convQ,
      ShortConv convK,
      ShortConv convV,
      Linear ssmFA,
      Linear ssmFB,
      Weight ssmDt,
      Weight ssmA,
      Linear ssmBeta,
      Linear ssmGA,
      Linear ssmGB,
      RmsNorm ssmNorm) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Latent> latent,
      Optional<Delta> delta,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Optional<FeedForward> dense,
      Optional<Moe> moe,
      Optional<FeedForward> shared) {}

  private final Hparams hp;
  private final int nHead;
  private final int rank;
  private final int headDim; // of unfolded queries and keys
  private final int headDimV;
  private final GatedDeltaRule rule;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  KimiLinear(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    nHead = IntStream.range(0, hp.nLayer()).map(hp::nHead).max().orElse(0);
    rank = keys.size("attention.kv_lora_rank");
    headDim = keys.size("attention.key_length_mla");
    headDimV = keys.size("attention.value_length_mla");
    hp.require(hp.headDim() == rank + hp.nRot(), "attention.key_length other than latent");
    hp.require(headDim > hp.nRot(), "heads of which all is common");
    rule = new GatedDeltaRule(keys.size("kda.head_dim"), nHead, nHead);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab()).withoutScale();
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    boolean dense = w.il() < hp.keys().size("leading_dense_block_count", 0);
    long nOut = (long) nHead * (recurrent ? rule.headDim() : headDimV);
    Linear attnOutput = w.linear("attn_output", nOut, hp.nEmbd());
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(latent(w)),
        recurrent ? Optional.of(delta(w)) : Optional.empty(),
        recurrent ? attnOutput.withoutScale() : attnOutput,
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        dense
            ? Optional.of(w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales())
            : Optional.empty(),
        dense ? Optional.empty() : Optional.of(moe(w)),
        dense ? Optional.empty() : Optional.of(shared(w)));
  }

  private Latent latent(Weights w) {
    hp.require(!w.has("attn_q_a_norm.weight"), "queries of low rank");
    hp.require(!w.has("attn_kv_b.weight"), "attn_kv_b, as older files have");
    return new Latent(
        plain("attn_q", hp.nEmbd(), (long) nHead * headDim, w),
        plain("attn_kv_a_mqa", hp.nEmbd(), (long) rank + hp.nRot(), w),
        w.rmsNorm("attn_kv_a_norm", rank, hp.normRmsEps()),
        w.matrix("attn_k_b.weight", headDim - hp.nRot(), rank, nHead),
        w.matrix("attn_v_b.weight", rank, headDimV, nHead));
  }

  private Delta delta(Weights w) {
    int size = rule.headDim();
    long n = (long) size * nHead;
    return new Delta(
        plain("attn_q", hp.nEmbd(), n, w),
        plain("attn_k", hp.nEmbd(), n, w),
        plain("attn_v", hp.nEmbd(), n, w),
        conv("ssm_conv1d_q", n, w),
        conv("ssm_conv1d_k", n, w),
        conv("ssm_conv1d_v", n, w),
        plain("ssm_f_a", hp.nEmbd(), size, w),
        plain("ssm_f_b", size, n, w),
        w.vector("ssm_dt.bias", n),
        w.table("ssm_a", 1, nHead),
        plain("ssm_beta", hp.nEmbd(), nHead, w),
        plain("ssm_g_a", hp.nEmbd(), size, w),
        plain("ssm_g_b", size, n, w),
        w.rmsNorm("ssm_norm", size, hp.normRmsEps()));
  }

  /** A product to which llama.cpp adds no bias. */
  private static Linear plain(String name, long in, long out, Weights w) {
    return w.linear(name, in, out).withoutScale().withoutBias();
  }

  private ShortConv conv(String name, long n, Weights w) {
    int nConv = hp.keys().size("ssm.conv_kernel");
    return new ShortConv(w.table(name + ".weight", nConv, 1, n), Optional.empty());
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(hp.gating(), true);
    int nFf = hp.keys().size("expert_feed_forward_length");
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  private FeedForward shared(Weights w) {
    int nShared = Math.max(1, hp.keys().size("expert_shared_count"));
    int nFf = hp.keys().size("expert_feed_forward_length") * nShared;
    return w.gatedFeedForward("_shexp", Activation.SILU, hp.nEmbd(), nFf).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.delta.isPresent()
              ? delta(b.delta.get(), u, b.il, kv)
              : latent(b.latent.orElseThrow(), u, kv.layer(b.il));
      y = b.attnOutput.apply(y); // [nEmbd, nTokens]
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("ffn_inp", b.il);
      x = feedForward(b, b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor delta(Delta d, Tensor x, int il, KvCache kv) {
    int size = rule.headDim();
    Tensor q = d.convQ.apply(d.attnQ.apply(x), kv.state(il, 0)).silu().splitHeads(size);
    Tensor k = d.convK.apply(d.attnK.apply(x), kv.state(il, 1)).silu().splitHeads(size);
    Tensor v = d.convV.apply(d.attnV.apply(x), kv.state(il, 2)).silu(); // [size * nHead, nTokens]
    Tensor f = d.ssmFB.apply(d.ssmFA.apply(x)).add(x.graph().use(d.ssmDt)).softplus();
    Tensor g = f.splitHeads(size).mul(x.graph().use(d.ssmA)).mergeHeads();
    Tensor beta = d.ssmBeta.apply(x).sigmoid(); // [nHead, nTokens]
    q = GatedDeltaRule.normalised(q, hp.normRmsEps()).mergeHeads();
    k = GatedDeltaRule.normalised(k, hp.normRmsEps()).mergeHeads();
    Tensor y = rule.apply(q, k, v, g, beta, kv.state(il, 3)).splitHeads(size);
    Tensor gate = d.ssmGB.apply(d.ssmGA.apply(x)).splitHeads(size).sigmoid();
    return d.ssmNorm.apply(y).mul(gate).mergeHeads();
  }

  private Tensor latent(Latent l, Tensor x, KvCache.Layer kv) {
    int nRot = hp.nRot();
    Tensor q = l.attnQ.apply(x).splitHeads(headDim); // [headDim, nHead, nTokens]
    Tensor kvA = l.attnKvAMqa.apply(x); // [rank + nRot, nTokens]
    Tensor v = l.attnKvANorm.apply(kvA.columns(0, rank)).reshape(rank, 1, x.ne(1));
    Tensor k = v.concat(kvA.heads(rank, nRot, 1), 0); // [rank + nRot, 1, nTokens]
    Tensor kB = x.graph().use(l.attnKB); // [headDim - nRot, rank, nHead]
    Tensor absorbed = kB.mulMat(q.columns(0, headDim - nRot).permute(0, 2, 1, 3));
    q = absorbed.permute(0, 2, 1, 3).concat(q.columns(headDim - nRot, nRot), 0);
    Tensor y = kv.append(k, v).attend(q, (float) (1 / Math.sqrt(headDim))); // [rank * nHead, …]
    Tensor vB = x.graph().use(l.attnVB); // [rank, headDimV, nHead]
    Tensor unfolded = vB.mulMat(y.splitHeads(rank).permute(0, 2, 1, 3)).permute(0, 2, 1, 3);
    return unfolded.cont2d((long) headDimV * nHead, x.ne(1)); // [headDimV * nHead, nTokens]
  }

  private static Tensor feedForward(Block b, Tensor x) {
    return b.dense.isPresent()
        ? b.dense.get().apply(x)
        : b.moe.orElseThrow().apply(x).add(b.shared.orElseThrow().apply(x));
  }

  @Override
  public LayerMemory memory(int il) {
    Optional<Delta> d = blocks.get(il).delta;
    if (d.isEmpty()) {
      return LayerMemory.Attention.latent(hp.headDim(), rank);
    }
    int conv = d.get().convQ.stateSize();
    return LayerMemory.Recurrent.of(conv, conv, conv, rule.stateSize());
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
