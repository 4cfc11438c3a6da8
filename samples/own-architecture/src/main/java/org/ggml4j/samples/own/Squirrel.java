package org.ggml4j.samples.own;

import java.util.List;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Hparams;
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
 * An invention: ALiBi in place of positions, squared ReLU, attention and feed-forward network side
 * by side behind one norm, and a sigmoid gate on what a layer adds.
 */
final class Squirrel implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, FeedForward ffn, Linear attnGate) {}

  private static final float MAX_BIAS = 8;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Squirrel(Hparams hp, Weights w) { // shapes are GGML's: [in, out]
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.feedForward(Activation.RELU_SQUARED, hp.nEmbd(), hp.nFf()),
        w.linear("attn_gate", hp.nEmbd(), hp.nEmbd()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor n = b.attnNorm().apply(x);
      Tensor a = attention(b, n, kv.layer(b.il()));
      if (b.il() == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        n = in.selectOutputs(n);
        x = in.selectOutputs(x);
      }
      Tensor added = a.add(b.ffn().apply(n)).mul(b.attnGate().apply(n).sigmoid());
      x = x.add(added).named("l_out", b.il());
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv().apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Scores scores = Scores.scaled(hp.attnScale()).withMaxBias(MAX_BIAS);
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), scores); // [nEmbdQ, nTokens]
    return b.attnOutput().apply(y).named("attn_out", b.il()); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il);
  }
}
