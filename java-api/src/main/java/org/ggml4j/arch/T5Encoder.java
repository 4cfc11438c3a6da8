package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RelativeBias;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;

/**
 * The encoder of T5: no positions, but a bias of distance that the first layer's table gives for
 * all of them, and products that are not scaled.
 *
 * <p>arXiv 1910.10683. GGUF architecture {@code t5encoder}, and the half of {@code t5} that reads;
 * llama.cpp's src/models/t5encoder.cpp and t5.cpp.
 */
final class T5Encoder implements Architecture.Encoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Optional<Weight> attnRelB,
      Linear attnOutput,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final RelativeBias firstBias;

  T5Encoder(Hparams hp, Weights w) {
    this(hp, w, w.embedding("token_embd", hp.nEmbd(), hp.nVocab()));
    w.ignoreAll("output.weight"); // gives logits, which an encoder has none of
  }

  /** As the half of a model that shares its embedding. */
  T5Encoder(Hparams hp, Weights w, Embedding tokenEmbd) {
    this.hp = hp;
    this.tokenEmbd = tokenEmbd;
    blocks = w.blocks("enc.", hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("enc.output_norm", hp.nEmbd(), hp.normRmsEps());
    firstBias = new RelativeBias(blocks.get(0).attnRelB.orElseThrow(), true);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        relativeBias(hp, w),
        w.linear("attn_o", hp.nEmbdQ(), hp.nEmbd()).withoutScale(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        feedForward(hp, w));
  }

  /** The table of biases, which the first layer must have. */
  static Optional<Weight> relativeBias(Hparams hp, Weights w) {
    int nBuckets = hp.keys().size("attention.relative_buckets_count");
    return w.il() == 0 || w.has("attn_rel_b.weight")
        ? Optional.of(w.embedding("attn_rel_b", hp.nHead(), nBuckets).weight())
        : Optional.empty();
  }

  /** With ReLU, or with GELU and a gate as in Flan-T5. */
  static FeedForward feedForward(Hparams hp, Weights w) {
    FeedForward ffn =
        w.has("ffn_gate.weight")
            ? w.gatedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf())
            : w.feedForward(Activation.RELU, hp.nEmbd(), hp.nFf());
    return ffn.withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return outputNorm.apply(x).named("result_norm"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    RelativeBias bias = b.attnRelB.map(w -> new RelativeBias(w, true)).orElse(firstBias);
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), Scores.scaled(1).withRelative(bias));
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.seen(il, Optional.empty());
  }
}
