package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;

/**
 * Refact: as Llama, with one key head for all queries and attention that weighs by distance
 * (ALiBi).
 *
 * <p>Small Magellanic Cloud AI, 2023. GGUF architecture {@code refact}; llama.cpp's
 * src/models/refact.cpp.
 */
final class Refact implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Scores scores;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Refact(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("attention.max_alibi_bias"); // it is always 8
    hp.require(hp.nExpert() == 0, "experts"); // llama.cpp reads them and computes without them
    scores = Scores.scaled(hp.attnScale()).withMaxBias(8);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
    w.ignoreAll("rope_freqs."); // nothing is turned
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales().withoutBiases());
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
