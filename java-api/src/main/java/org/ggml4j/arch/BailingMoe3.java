package org.ggml4j.arch;

import static org.ggml4j.nn.Activation.SILU;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
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
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Ling 3 (Bailing 3): most layers have Kimi delta attention with a decay that is bounded, the
 * others multi-head latent attention, whose heads are weighed by a sigmoid; dense first layers,
 * then many small experts beside some that are always used. The layers that predict further tokens
 * are left aside.
 *
 * <p>GGUF architecture {@code bailingmoe3}; llama.cpp's src/models/bailingmoe3.cpp.
 */
final class BailingMoe3 implements Architecture.Decoder {
  private record Latent(LatentAttention attn, Linear attnGate) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Latent> latent,
      Optional<KimiDelta> delta,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final LatentAttention.Sizes sizes;
  private final GatedDeltaRule rule;
  private final float lowerBound;
  private final float[] clamps;
  private final float[] sharedClamps;
  private final Rope rope;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  BailingMoe3(Hparams hp, Weights w) {
    this.hp = hp;
    Keys keys = hp.keys();
    int nHead = IntStream.range(0, hp.nLayer()).map(hp::nHead).max().orElse(0);
    sizes =
        new LatentAttention.Sizes(
            hp.nEmbd(),
            nHead,
            keys.size("attention.key_length_mla"),
            keys.size("attention.value_length_mla"),
            hp.nRot(),
            keys.size("attention.q_lora_rank", 0),
            keys.size("attention.kv_lora_rank"));
    hp.require(hp.headDim() == sizes.rank() + hp.nRot(), "attention.key_length other than latent");
    hp.require(sizes.headDim() > hp.nRot(), "heads of which all is turned");
    hp.require(keys.flag("kda.safe_gate", true), "a decay that is not bounded");
    lowerBound = keys.number("kda.gate_lower_bound");
    hp.require(lowerBound < 0, "kda.gate_lower_bound above 0");
    clamps = keys.numbers("swiglu_clamp_exp", hp.nBlock(), 0);
    sharedClamps = keys.numbers("swiglu_clamp_shexp", hp.nBlock(), 0);
    rule = new GatedDeltaRule(keys.size("kda.head_dim"), nHead, nHead);
    rope = hp.rope(hp.hasSections() ? Style.SECTIONS : Style.INTERLEAVED, Optional.empty());
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd).withoutScale();
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    int size = recurrent ? rule.headDim() : sizes.headDimV();
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(latent(w)),
        recurrent ? Optional.of(delta(w)) : Optional.empty(),
        w.linear("attn_output", (long) sizes.nHead() * size, hp.nEmbd()).withoutScale(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private Latent latent(Weights w) {
    return new Latent(
        LatentAttention.of(w, sizes, hp.normRmsEps(), true),
        w.linear("attn_gate", hp.nEmbd(), sizes.nHead()).withoutScale());
  }

  private KimiDelta delta(Weights w) {
    int nConv = hp.keys().size("ssm.conv_kernel");
    return KimiDelta.of(w, hp.nEmbd(), rule, nConv, hp.normRmsEps(), false, lowerBound);
  }

  private Ffn ffn(Weights w) {
    Keys keys = hp.keys();
    Activation own = limited(sharedClamps[w.il()]);
    if (w.il() < keys.size("leading_dense_block_count")) {
      return w.gatedFeedForward(own, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    int nFf = keys.size("expert_feed_forward_length");
    int given = keys.size("expert_shared_feed_forward_length", 0);
    int nFfShared = given > 0 ? given : nFf * Math.max(1, keys.size("expert_shared_count"));
    Moe.Routing routing = hp.routing(hp.gating(), keys.flag("expert_weights_norm", false));
    Activation f = limited(clamps[w.il()]);
    return w.moe(f, routing, true, hp.nEmbd(), nFf, hp.nExpert())
        .withoutScales()
        .withShared(w.gatedFeedForward("_shexp", own, hp.nEmbd(), nFfShared).withoutScales());
  }

  private static Activation limited(float limit) {
    return limit > 1e-6f ? Activation.limitedSwiglu(limit) : SILU;
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.delta.isPresent()
              ? b.delta.get().apply(u, kv, b.il, hp.normRmsEps())
              : attention(b.latent.orElseThrow(), u, in, kv.layer(b.il));
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

  private Tensor attention(Latent l, Tensor x, Inputs in, KvCache.Layer kv) {
    float scale = (float) (1 / Math.sqrt(sizes.headDim()));
    Tensor y = l.attn.apply(x, part -> rope.apply(part, in), kv, scale);
    Tensor gate = l.attnGate.apply(x).sigmoid().splitHeads(1); // [1, nHead, nTokens]
    return y.splitHeads(sizes.headDimV()).mul(gate).mergeHeads();
  }

  @Override
  public LayerMemory memory(int il) {
    Block b = blocks.get(il);
    return b.delta.isPresent() ? b.delta.get().memory() : b.latent.orElseThrow().attn.memory();
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
