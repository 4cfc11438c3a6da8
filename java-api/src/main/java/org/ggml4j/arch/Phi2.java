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
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Phi 2: LayerNorm and GELU; attention and feed-forward network read the same normalised state,
 * side by side; a part of each head is turned.
 *
 * <p>Microsoft, 2023; the block is that of GPT-J and of arXiv 2309.05463 (Phi 1.5). GGUF
 * architecture {@code phi2}; llama.cpp's src/models/phi2.cpp.
 */
final class Phi2 implements Architecture.Decoder {
  private record Block(
      int il, LayerNorm attnNorm, Qkv attnQkv, Linear attnOutput, FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Phi2(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
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
        w.feedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor normed = b.attnNorm.apply(x);
      Tensor a = attention(b, normed, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
        normed = in.selectOutputs(normed);
      }
      x = x.add(a.add(b.ffn.apply(normed))).named("l_out", b.il);
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
