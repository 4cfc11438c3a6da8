package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
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
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Llama as an encoder: with attention.causal false its tokens look at those behind them too.
 *
 * <p>GGUF architecture {@code llama-embed}; llama.cpp's src/models/llama-embed.cpp and llama.cpp.
 */
final class LlamaEmbed implements Architecture.Encoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;

  LlamaEmbed(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    w.ignoreAll("output.weight"); // gives logits, which an encoder has none of
    hp.require(hp.nExpert() == 0, "experts");
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = a.add(x).named("ffn_inp", b.il);
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x);
    }
    return outputNorm.apply(x).named("result_embd"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.seen(il, Optional.empty());
  }

  @Override
  public boolean isCausal() {
    return hp.causal();
  }
}
