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
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * StableLM: LayerNorm, SwiGLU, a part of each head is turned; the larger ones have norms of each
 * query and key head, and put attention and feed-forward network side by side.
 *
 * <p>arXiv 2402.17834. GGUF architecture {@code stablelm}; llama.cpp's src/models/stablelm.cpp.
 */
final class StableLm implements Architecture.Decoder {
  private record Block(
      int il,
      LayerNorm attnNorm,
      Qkv attnQkv,
      Optional<LayerNorm> attnQNorm,
      Optional<LayerNorm> attnKNorm,
      Linear attnOutput,
      Optional<LayerNorm> ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  StableLm(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("use_parallel_residual"); // the tensors say it too
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
        w.optionalLayerNorm("attn_q_norm", hp.normEps(), hp.headDim(), hp.nHead()),
        w.optionalLayerNorm("attn_k_norm", hp.normEps(), hp.headDim(), hp.nHeadKv()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.optionalLayerNorm("ffn_norm", hp.normEps(), hp.nEmbd()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
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
      x = x.add(a).named("ffn_inp", b.il);
      Tensor f = b.ffn.apply(b.ffnNorm.isPresent() ? b.ffnNorm.get().apply(x) : normed);
      x = x.add(f).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(normed(b.attnQNorm, h.q()), in).named("Qcur", b.il);
    Tensor k = rope.apply(normed(b.attnKNorm, h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private static Tensor normed(Optional<LayerNorm> norm, Tensor x) {
    return norm.isPresent() ? norm.get().apply(x) : x;
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
