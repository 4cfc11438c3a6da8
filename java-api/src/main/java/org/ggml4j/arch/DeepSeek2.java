package org.ggml4j.arch;

import static org.ggml4j.nn.Activation.SILU;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LatentAttention;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * DeepSeek V2, V3 and R1, GLM 4.7 Flash, Kimi K2, Mistral 4: multi-head latent attention, many
 * small experts.
 *
 * <p>Files with {@code attn_k_b} and {@code attn_v_b} keep in the cache what keys and values are
 * unfolded from; older ones what was unfolded.
 *
 * <p>arXiv 2405.04434 (V2), 2412.19437 (V3). GGUF architectures {@code deepseek2} and {@code
 * mistral4}; llama.cpp's src/models/deepseek2.cpp.
 */
final class DeepSeek2 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      LatentAttention attn,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Ffn ffn) {}

  private final Hparams hp;
  private final boolean latent;
  private final LatentAttention.Sizes sizes;
  private final Rope rope;
  private final float attnScale;
  private final float temperatureScale;
  private final int temperatureLength;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  DeepSeek2(Hparams hp, Weights w) {
    this.hp = hp;
    latent = hp.keys().size("attention.key_length_mla", 0) > 0;
    sizes = sizes();
    hp.require(sizes.headDim() > hp.nRot(), "heads of which all is turned");
    hp.require(
        !latent || hp.headDim() == sizes.rank() + hp.nRot(),
        "attention.key_length other than latent");
    RopeScaling scaling = hp.ropeScaling();
    // The converter writes a tenth of the multiplier.
    float logMul = hp.keys().number("rope.scaling.yarn_log_multiplier", 0) / 0.1f;
    float attnFactor = attnFactor(scaling, logMul);
    rope = hp.rope(Style.INTERLEAVED, Optional.empty()).with(p -> p.withAttnFactor(attnFactor));
    attnScale = attnScale(scaling, logMul, attnFactor);
    temperatureScale = hp.keys().number("attention.temperature_scale", 0);
    temperatureLength = hp.keys().size("attention.temperature_length", 0);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // predict further tokens
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd).withoutScale();
  }

  /** YaRN's magnitude; here it is the scale of the products that grows with the context. */
  private float attnFactor(RopeScaling s, float logMul) {
    if (s.extFactor() == 0 || logMul == 0) {
      return s.attnFactor();
    }
    double ln = logFactor(s);
    double mscale = hp.architecture().equals("deepseek2") ? logMul : 1;
    double magnitude = ln <= 0 ? 1 : (0.1 * mscale * ln + 1) / (0.1 * logMul * ln + 1);
    float given = hp.keys().number("rope.scaling.attn_factor", 1);
    return (float) (magnitude / (1 + 0.1 * ln)) * given;
  }

  private static double logFactor(RopeScaling s) {
    return s.type().equals("none") ? 0 : Math.log(s.factor());
  }

  private float attnScale(RopeScaling s, float logMul, float attnFactor) {
    double ln = logFactor(s);
    double mscale = attnFactor * (1 + 0.1 * ln) * (1 + 0.1 * logMul * ln);
    return (float) (mscale * mscale / Math.sqrt(sizes.headDim()));
  }

  private LatentAttention.Sizes sizes() {
    Keys keys = hp.keys();
    return new LatentAttention.Sizes(
        hp.nEmbd(),
        hp.nHead(),
        latent ? keys.size("attention.key_length_mla") : hp.headDim(),
        latent ? keys.size("attention.value_length_mla") : hp.headDimV(),
        hp.nRot(),
        keys.size("attention.q_lora_rank", 0),
        keys.size("attention.kv_lora_rank"));
  }

  private Block block(Weights w) {
    LatentAttention.Sizes s = w.has("attn_q.weight") ? sizes.withDirectQueries() : sizes;
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        LatentAttention.of(w, s, hp.normRmsEps(), latent),
        w.linear("attn_output", (long) s.nHead() * s.headDimV(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        ffn(w));
  }

  private Ffn ffn(Weights w) {
    if (w.il() < hp.keys().size("leading_dense_block_count", 0)) {
      return w.gatedFeedForward(SILU, hp.nEmbd(), hp.nFf()).withoutScales();
    }
    return moe(w).withShared(shared(w));
  }

  private Moe moe(Weights w) {
    boolean glmFlash = (hp.nLayer() == 47 || hp.nLayer() == 48) && hp.nVocab() == 154880;
    Moe.Routing routing =
        hp.routing(
            hp.gating(glmFlash ? Moe.Gating.SIGMOID : Moe.Gating.SOFTMAX),
            hp.keys().flag("expert_weights_norm", false));
    int nFf = hp.keys().size("expert_feed_forward_length");
    return w.moe(SILU, routing, true, hp.nEmbd(), nFf, hp.nExpert()).withoutScales();
  }

  private FeedForward shared(Weights w) {
    int nFf = hp.keys().size("expert_feed_forward_length") * hp.keys().size("expert_shared_count");
    return w.gatedFeedForward("_shexp", SILU, hp.nEmbd(), nFf).withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    Optional<Tensor> temperature = temperature(in);
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, temperature, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  /** A factor of queries far behind, as Mistral Large 3 has. */
  private Optional<Tensor> temperature(Inputs in) {
    return temperatureScale == 0
        ? Optional.empty()
        : Optional.of(in.attentionTemperature(temperatureScale, temperatureLength, 0));
  }

  private Tensor attention(
      Block b, Tensor x, Inputs in, Optional<Tensor> temperature, KvCache.Layer kv) {
    Tensor y =
        b.attn.apply(
            x,
            b.attn.foldedQueries(x),
            part -> rope.apply(part, in),
            q -> temperature.isPresent() ? q.mul(temperature.get()) : q,
            kv,
            attnScale);
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return blocks.get(il).attn.memory();
  }

  @Override
  public boolean canShift() {
    return false; // it is the end of each key that is turned
  }
}
