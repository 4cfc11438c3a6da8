package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * DBRX: LayerNorm without biases, queries, keys and values cut off at a limit, 16 experts.
 *
 * <p>Databricks, 2024. GGUF architecture {@code dbrx}; llama.cpp's src/models/dbrx.cpp.
 */
final class Dbrx implements Architecture.Decoder {
  private record Block(
      int il,
      LayerNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm attnOutputNorm,
      Moe moe) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Dbrx(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.layerNorm("output_norm", hp.nEmbd(), hp.normEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.layerNorm("attn_norm", hp.nEmbd(), hp.normEps()),
        hp.qkv(w).clamped(hp.keys().number("attention.clamp_kqv")),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.layerNorm("attn_output_norm", hp.nEmbd(), hp.normEps()),
        moe(w));
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
      x = x.add(b.moe.apply(b.attnOutputNorm.apply(x))).named("l_out", b.il);
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
