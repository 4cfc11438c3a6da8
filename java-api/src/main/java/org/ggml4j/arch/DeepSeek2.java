package org.ggml4j.arch;

import static org.ggml4j.nn.Activation.SILU;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
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
 * <p>Keys and values of all heads are unfolded from a few numbers of each token, beside which a
 * part of the key that all heads have in common is turned by its position. Files with {@code
 * attn_k_b} and {@code attn_v_b} keep these numbers in the cache and let the queries and the
 * results be unfolded instead, which gives the same products; older ones unfold first.
 *
 * <p>arXiv 2405.04434 (V2), 2412.19437 (V3). GGUF architectures {@code deepseek2} and {@code
 * mistral4}; llama.cpp's src/models/deepseek2.cpp.
 */
final class DeepSeek2 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Linear> attnQA,
      Optional<RmsNorm> attnQANorm,
      Linear attnQ, // attn_q, or attn_q_b behind attn_q_a
      Linear attnKvAMqa,
      RmsNorm attnKvANorm,
      Optional<Weight> attnKB, // these unfold keys and values: a matrix for each head,
      Optional<Weight> attnVB,
      Optional<Linear> attnKvB, // or all in one product
      Linear attnOutput,
      RmsNorm ffnNorm,
      Optional<FeedForward> dense,
      Optional<Moe> moe,
      Optional<FeedForward> shared) {}

  private final Hparams hp;
  private final boolean latent;
  private final int rank;
  private final int headDim; // of unfolded queries and keys
  private final int headDimV;
  private final int nPlain; // elements of a head that are not turned
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
    rank = hp.keys().size("attention.kv_lora_rank");
    headDim = latent ? hp.keys().size("attention.key_length_mla") : hp.headDim();
    headDimV = latent ? hp.keys().size("attention.value_length_mla") : hp.headDimV();
    nPlain = headDim - hp.nRot();
    hp.require(nPlain > 0, "heads of which all is turned");
    hp.require(
        !latent || hp.headDim() == rank + hp.nRot(), "attention.key_length other than latent");
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
    return (float) (mscale * mscale / Math.sqrt(headDim));
  }

  private Block block(Weights w) {
    boolean direct = w.has("attn_q.weight");
    int rankQ = direct ? 0 : hp.keys().size("attention.q_lora_rank");
    long nQ = (long) hp.nHead() * headDim;
    long nKvB = (long) hp.nHead() * (nPlain + headDimV);
    boolean dense = w.il() < hp.keys().size("leading_dense_block_count", 0);
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        unless(direct, () -> w.linear("attn_q_a", hp.nEmbd(), rankQ).withoutScale()),
        unless(direct, () -> w.rmsNorm("attn_q_a_norm", rankQ, hp.normRmsEps())),
        (direct ? w.linear("attn_q", hp.nEmbd(), nQ) : w.linear("attn_q_b", rankQ, nQ))
            .withoutScale(),
        w.linear("attn_kv_a_mqa", hp.nEmbd(), (long) rank + hp.nRot()).withoutScale(),
        w.rmsNorm("attn_kv_a_norm", rank, hp.normRmsEps()),
        unless(!latent, () -> w.matrix("attn_k_b.weight", nPlain, rank, hp.nHead())),
        unless(!latent, () -> w.matrix("attn_v_b.weight", rank, headDimV, hp.nHead())),
        unless(latent, () -> w.linear("attn_kv_b", rank, nKvB).withoutScale()),
        w.linear("attn_output", (long) hp.nHead() * headDimV, hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        unless(!dense, () -> w.gatedFeedForward(SILU, hp.nEmbd(), hp.nFf()).withoutScales()),
        unless(dense, () -> moe(w)),
        unless(dense, () -> shared(w)));
  }

  private static <T> Optional<T> unless(boolean absent, Supplier<T> part) {
    return absent ? Optional.empty() : Optional.of(part.get());
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
      x = x.add(feedForward(b, b.ffnNorm.apply(x))).named("l_out", b.il);
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
    Tensor qAll =
        b.attnQA.isPresent() ? b.attnQANorm.orElseThrow().apply(b.attnQA.get().apply(x)) : x;
    Tensor q = b.attnQ.apply(qAll).splitHeads(headDim); // [headDim, nHead, nTokens]
    Tensor qPlain = q.columns(0, nPlain);
    Tensor qTurned = rope.apply(q.columns(nPlain, hp.nRot()), in);
    Tensor kvA = b.attnKvAMqa.apply(x); // [rank + nRot, nTokens]
    Tensor kTurned = rope.apply(kvA.heads(rank, hp.nRot(), 1), in); // [nRot, 1, nTokens]
    Tensor folded = b.attnKvANorm.apply(kvA.columns(0, rank)); // [rank, nTokens]
    Parts parts = new Parts(qPlain, qTurned, folded, kTurned, temperature);
    Tensor y = latent ? attendFolded(b, parts, kv) : attendUnfolded(b, parts, kv);
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  /** What queries, keys and values are put together from. */
  private record Parts(
      Tensor qPlain, Tensor qTurned, Tensor folded, Tensor kTurned, Optional<Tensor> temperature) {
    Tensor scaled(Tensor q) {
      return temperature.isPresent() ? q.mul(temperature.get()) : q;
    }
  }

  private Tensor attendFolded(Block b, Parts p, KvCache.Layer kv) {
    Tensor folded = p.folded;
    Tensor kB = folded.graph().use(b.attnKB.orElseThrow()); // [nPlain, rank, nHead]
    Tensor vB = folded.graph().use(b.attnVB.orElseThrow()); // [rank, headDimV, nHead]
    Tensor absorbed = kB.mulMat(p.qPlain.permute(0, 2, 1, 3)); // [rank, nTokens, nHead]
    Tensor q = absorbed.permute(0, 2, 1, 3).concat(p.qTurned, 0); // [rank + nRot, nHead, nTokens]
    Tensor v = folded.reshape(rank, 1, folded.ne(1));
    Tensor k = v.concat(p.kTurned, 0); // [rank + nRot, 1, nTokens]
    Tensor y = kv.append(k, v).attend(p.scaled(q), attnScale); // [rank * nHead, …]
    Tensor heads = y.splitHeads(rank).permute(0, 2, 1, 3); // [rank, nTokens, nHead]
    Tensor unfolded = vB.mulMat(heads).permute(0, 2, 1, 3); // [headDimV, nHead, nTokens]
    return unfolded.cont2d((long) headDimV * hp.nHead(), y.ne(1)).named("kqv_mla", b.il);
  }

  private Tensor attendUnfolded(Block b, Parts p, KvCache.Layer kv) {
    Tensor unfolded = b.attnKvB.orElseThrow().apply(p.folded);
    Tensor kvB = unfolded.splitHeads(nPlain + headDimV); // [nPlain + headDimV, nHead, nTokens]
    Tensor v = kvB.columns(nPlain, headDimV).cont();
    Tensor turned = p.kTurned.repeat(hp.nRot(), hp.nHead(), p.folded.ne(1));
    Tensor k = kvB.columns(0, nPlain).concat(turned, 0); // [headDim, nHead, nTokens]
    Tensor q = p.qPlain.concat(p.qTurned, 0);
    return kv.append(k, v).attend(p.scaled(q), attnScale); // [headDimV * nHead, nTokens]
  }

  private static Tensor feedForward(Block b, Tensor x) {
    return b.dense.isPresent()
        ? b.dense.get().apply(x)
        : b.moe.orElseThrow().apply(x).add(b.shared.orElseThrow().apply(x));
  }

  @Override
  public LayerMemory memory(int il) {
    return latent
        ? LayerMemory.Attention.latent(hp.headDim(), rank)
        : LayerMemory.Attention.of(hp.nHead(), headDim, headDimV);
  }

  @Override
  public boolean canShift() {
    return false; // it is the end of each key that is turned
  }
}
