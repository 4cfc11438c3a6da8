package org.ggml4j.arch;

import java.util.List;
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
 * Phi 3 and 3.5 mini, Phi 4: as Llama, with the gate and the other factor of SwiGLU in one matrix,
 * and factors of the frequencies of positions that depend on how long the context is.
 *
 * <p>arXiv 2404.14219, for the factors 2402.13753 (LongRoPE). GGUF architecture {@code phi3};
 * llama.cpp's src/models/phi3.cpp.
 */
final class Phi3 implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Phi3(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("attention.sliding_window"); // llama.cpp looks at everything too
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.longRope(Style.HALVES, w);
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
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.fusedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
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
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
