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
import org.ggml4j.nn.Weights;

/**
 * BERT and its descendants (MiniLM, BGE, E5, XLM-RoBERTa): an encoder with learned positions that
 * normalises behind each part.
 *
 * <p>Every token is taken for one of the first text (type 0). arXiv 1810.04805. GGUF architecture
 * {@code bert}; llama.cpp's src/models/bert.cpp.
 */
final class Bert implements Architecture.Encoder {
  private record Block(
      int il,
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm attnOutputNorm,
      FeedForward ffn,
      LayerNorm layerOutputNorm) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Embedding positionEmbd;
  private final Optional<Weight> tokenTypes;
  private final LayerNorm tokenEmbdNorm;
  private final List<Block> blocks;
  private final Optional<Classifier> classifier;

  Bert(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    tokenTypes = w.optionalTable("token_types.weight", hp.nEmbd(), hp.nTokenTypes());
    positionEmbd = w.embedding("position_embd", hp.nEmbd(), hp.nCtxTrain());
    tokenEmbdNorm = w.layerNorm("token_embd_norm", hp.nEmbd(), hp.normEps());
    blocks = w.blocks(hp.nLayer(), this::block);
    classifier = Classifier.ofFirst(w, hp.nEmbd(), hp.nEmbd(), hp.nClasses());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.layerNorm("attn_output_norm", hp.nEmbd(), hp.normEps()),
        w.feedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales(),
        w.layerNorm("layer_output_norm", hp.nEmbd(), hp.normEps()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    if (tokenTypes.isPresent()) {
      x = x.add(in.graph().use(tokenTypes.get()).view1d(hp.nEmbd(), 0));
    }
    x = positionEmbd.apply(in.positionsBelow(hp.nCtxTrain())).add(x);
    x = tokenEmbdNorm.apply(x);
    for (Block b : blocks) {
      Tensor a = attention(b, x, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = b.attnOutputNorm.apply(a.add(x)).named("ffn_inp", b.il);
      x = b.layerOutputNorm.apply(b.ffn.apply(x).add(x));
    }
    return x.named("result_embd"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
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
