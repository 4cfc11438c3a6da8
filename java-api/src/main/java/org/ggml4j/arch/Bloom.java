package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
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
 * BLOOM: LayerNorm, also of the embedding, GELU, and attention that weighs by distance (ALiBi).
 *
 * <p>arXiv 2211.05100, for the distances 2108.12409. GGUF architecture {@code bloom}; llama.cpp's
 * src/models/bloom.cpp.
 */
final class Bloom implements Architecture.Decoder {
  private record Block(
      int il,
      LayerNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final LayerNorm tokenEmbdNorm;
  private final Scores scores;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Bloom(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("attention.max_alibi_bias"); // it is always 8
    scores = Scores.scaled(hp.attnScale()).withMaxBias(8);
    tokenEmbdNorm = w.layerNorm("token_embd_norm", hp.nEmbd(), hp.normEps());
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.layerNorm("output_norm", hp.nEmbd(), hp.normEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.layerNorm("attn_norm", hp.nEmbd(), hp.normEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.layerNorm("ffn_norm", hp.nEmbd(), hp.normEps()),
        w.feedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbdNorm.apply(tokenEmbd.apply(in.tokens())); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), scores); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il);
  }
}
