package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Phi 3.5 MoE: as Phi 3 with biases and 16 experts. Its norms are by the root mean square here, as
 * llama.cpp computes them.
 *
 * <p>arXiv 2404.14219. GGUF architecture {@code phimoe}; llama.cpp's src/models/phimoe.cpp.
 */
final class PhiMoe implements Architecture.Decoder {
  private record Block(
      int il, Norm attnNorm, Qkv attnQkv, Linear attnOutput, Norm ffnNorm, Moe moe) {}

  private record Norm(RmsNorm norm, Weight bias) {
    Tensor apply(Tensor x) {
      return norm.apply(x).add(x.graph().use(bias));
    }
  }

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final Norm outputNorm;
  private final Linear output;

  PhiMoe(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("attention.sliding_window"); // llama.cpp looks at everything too
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.longRope(Style.HALVES, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = norm(w, "output_norm");
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        norm(w, "attn_norm"),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        norm(w, "ffn_norm"),
        moe(w));
  }

  private Norm norm(Weights w, String name) {
    RmsNorm norm = w.rmsNorm(name, hp.nEmbd(), hp.normRmsEps());
    return new Norm(norm, w.vector(name + ".bias", hp.nEmbd()));
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert())
        .withoutScales();
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
      x = x.add(b.moe.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
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
