package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Classifier;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;

/**
 * Jina Embeddings 2 and Jina's rerankers: BERT with ALiBi in place of positions, and GEGLU.
 *
 * <p>arXiv 2310.19923. GGUF architecture {@code jina-bert-v2}; llama.cpp's
 * src/models/jina-bert-v2.cpp and bert.cpp.
 */
final class JinaBert2 implements Architecture.Encoder {
  private record Block(
      int il,
      Qkv attnQkv,
      Optional<LayerNorm> attnQNorm,
      Optional<LayerNorm> attnKNorm,
      Linear attnOutput,
      LayerNorm attnOutputNorm,
      Optional<LayerNorm> attnNorm2,
      FeedForward ffn,
      LayerNorm layerOutputNorm) {}

  private static final float MAX_BIAS = 8;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Weight tokenTypes;
  private final LayerNorm tokenEmbdNorm;
  private final List<Block> blocks;
  private final Optional<Classifier> classifier;

  JinaBert2(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    tokenTypes = w.table("token_types.weight", hp.nEmbd(), hp.nTokenTypes());
    tokenEmbdNorm = w.layerNorm("token_embd_norm", hp.nEmbd(), hp.normEps());
    blocks = w.blocks(hp.nLayer(), this::block);
    classifier = Classifier.ofFirst(w, hp.nEmbd(), 1, 1);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        hp.qkv(w),
        w.optionalLayerNorm("attn_q_norm", hp.normEps(), hp.nEmbdQ()),
        w.optionalLayerNorm("attn_k_norm", hp.normEps(), hp.nEmbdKv()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.layerNorm("attn_output_norm", hp.nEmbd(), hp.normEps()),
        w.optionalLayerNorm("attn_norm_2", hp.normEps(), hp.nEmbd()),
        feedForward(w).withoutScales(),
        w.layerNorm("layer_output_norm", hp.nEmbd(), hp.normEps()));
  }

  private FeedForward feedForward(Weights w) {
    if (w.has("ffn_gate.weight")) {
      return w.gatedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf());
    }
    return w.isOfShape("ffn_up.weight", hp.nEmbd(), 2L * hp.nFf())
        ? w.fusedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf())
        : w.feedForward(Activation.GELU, hp.nEmbd(), hp.nFf());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    x = tokenEmbdNorm.apply(x.add(in.graph().use(tokenTypes).view1d(hp.nEmbd(), 0)));
    for (Block b : blocks) {
      Tensor a = attention(b, x, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      a = b.attnOutputNorm.apply(a.add(x));
      a = b.attnNorm2.isPresent() ? b.attnNorm2.get().apply(a.add(x)) : a;
      x = b.layerOutputNorm.apply(b.ffn.apply(a.named("ffn_inp", b.il)).add(a));
    }
    return x.named("result_embd"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = normalised(b.attnQNorm, h.q());
    Tensor k = normalised(b.attnKNorm, h.k());
    Scores scores = Scores.scaled(hp.attnScale()).withMaxBias(MAX_BIAS);
    Tensor y = kv.append(k, h.v()).attend(q, scores); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  /** All heads of a token are normalised together. */
  private Tensor normalised(Optional<LayerNorm> norm, Tensor heads) {
    return norm.isPresent() ? norm.get().apply(heads.mergeHeads()).splitHeads(hp.headDim()) : heads;
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.seen(il, Optional.empty());
  }

  @Override
  public Optional<Classifier> classifier() {
    return classifier;
  }
}
