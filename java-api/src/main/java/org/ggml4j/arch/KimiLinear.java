package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.GatedDeltaRule;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KimiDelta;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LatentAttention;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.RmsNorm;
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
  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<LatentAttention> latent,
      Optional<KimiDelta> delta,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final int nHead;
  private final LatentAttention.Sizes sizes;
  private final float attnScale;
  private final GatedDeltaRule rule;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  KimiLinear(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    nHead = IntStream.range(0, hp.nLayer()).map(hp::nHead).max().orElse(0);
    int rank = keys.size("attention.kv_lora_rank");
    int headDim = keys.size("attention.key_length_mla");
    int headDimV = keys.size("attention.value_length_mla");
    sizes = new LatentAttention.Sizes(hp.nEmbd(), nHead, headDim, headDimV, hp.nRot(), 0, rank);
    hp.require(hp.headDim() == rank + hp.nRot(), "attention.key_length other than latent");
    hp.require(headDim > hp.nRot(), "heads of which all is common");
    attnScale = (float) (1 / Math.sqrt(headDim));
    rule = new GatedDeltaRule(keys.size("kda.head_dim"), nHead, nHead);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab()).withoutScale();
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    long nOut = (long) nHead * (recurrent ? rule.headDim() : sizes.headDimV());
    Linear attnOutput = w.linear("attn_output", nOut, hp.nEmbd());
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(latent(w)),
        recurrent ? Optional.of(delta(w)) : Optional.empty(),
        recurrent ? attnOutput.withoutScale() : attnOutput,
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private Ffn ffn(Weights w) {
    if (w.il() < hp.keys().size("leading_dense_block_count", 0)) {
      return w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    return moe(w).withShared(shared(w));
  }

  private LatentAttention latent(Weights w) {
    hp.require(!w.has("attn_q_a_norm.weight"), "queries of low rank");
    hp.require(!w.has("attn_kv_b.weight"), "attn_kv_b, as older files have");
    return LatentAttention.of(w, sizes, hp.normRmsEps(), true).withoutBiases();
  }

  private KimiDelta delta(Weights w) {
    int nConv = hp.keys().size("ssm.conv_kernel");
    return KimiDelta.of(w, hp.nEmbd(), rule, nConv, hp.normRmsEps(), true, 0);
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
              ? b.delta.get().apply(u, kv, b.il, hp.normRmsEps())
              : b.latent.orElseThrow().apply(u, part -> part, kv.layer(b.il), attnScale);
      y = b.attnOutput.apply(y); // [nEmbd, nTokens]
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("ffn_inp", b.il);
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  @Override
  public LayerMemory memory(int il) {
    Block b = blocks.get(il);
    return b.delta.isPresent() ? b.delta.get().memory() : b.latent.orElseThrow().memory();
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
