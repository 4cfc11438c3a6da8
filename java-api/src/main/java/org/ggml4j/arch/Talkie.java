package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Talkie: norms without factors; queries and keys are normalised after they are turned, a factor
 * for each query head; each layer adds the embedding again.
 *
 * <p>No paper is known to us. GGUF architecture {@code talkie}; llama.cpp's src/models/talkie.cpp.
 */
final class Talkie implements Architecture.Decoder {
  private record Block(
      int il,
      Qkv attnQkv,
      Weight attnQNorm,
      Linear attnOutput,
      FeedForward ffn,
      Weight layerOutputScale) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final float logitScale;
  private final List<Block> blocks;
  private final Linear output;

  Talkie(Hparams hp, Weights w) {
    this.hp = hp;
    logitScale = hp.keys().number("logit_scale");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    output = w.output("output", hp.nEmbd(), hp.nVocab()).withoutScale();
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        hp.qkv(w),
        w.table("attn_q_norm.weight", 1, hp.nHead()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        feedForward(w),
        w.vector("layer_output_scale.weight", 1));
  }

  /** Of the scales, llama.cpp applies only that of the last product. */
  private FeedForward feedForward(Weights w) {
    FeedForward f = w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf());
    return new FeedForward(
        f.gate().map(Linear::withoutScale), f.up().withoutScale(), f.down(), false, f.f(), f.il());
  }

  private Tensor norm(Tensor x) {
    return x.rmsNorm(hp.normRmsEps());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = norm(tokenEmbd.apply(in.tokens())); // [nEmbd, nTokens]
    Tensor embedding = x;
    for (Block b : blocks) {
      Tensor a = attention(b, norm(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
        embedding = in.selectOutputs(embedding);
      }
      x = x.add(a).named("ffn_inp", b.il);
      Tensor again = embedding.mul(x.graph().use(b.layerOutputScale));
      x = x.add(b.ffn.apply(norm(x))).add(again).named("l_out", b.il);
    }
    x = output.apply(norm(x)).scale(logitScale); // [nVocab, nOutputs]
    return x.named("result_output");
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = norm(rope.apply(h.q(), in)).mul(x.graph().use(b.attnQNorm)).named("Qcur", b.il);
    Tensor k = norm(rope.apply(h.k(), in)).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
