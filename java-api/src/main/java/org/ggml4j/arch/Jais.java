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
 * Jais: LayerNorm, SwiGLU with biases, attention that weighs by distance (ALiBi), with scores
 * divided by the size of a head (maximal update parametrization).
 *
 * <p>arXiv 2308.16149. GGUF architecture {@code jais}; llama.cpp's src/models/jais.cpp.
 */
final class Jais implements Architecture.Decoder {
  private record Block(
      int il,
      LayerNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Scores scores;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Jais(Hparams hp, Weights w) {
    this.hp = hp;
    float maxBias = hp.keys().number("attention.max_alibi_bias", 0);
    scores = Scores.scaled(1f / hp.headDim()).withMaxBias(maxBias);
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
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
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
