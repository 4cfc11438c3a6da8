package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Ffn;
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
 * Ministral 3 and its relatives: as Llama, with queries that grow with the logarithm of the
 * position beyond the length of the original training; dense or with experts.
 *
 * <p>arXiv 2310.06825 (Mistral), for the growth 2501.19399. GGUF architecture {@code mistral3};
 * llama.cpp's src/models/mistral3.cpp.
 */
final class Mistral3 implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, Ffn ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final float temperature;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Mistral3(Hparams hp, Weights w) {
    this.hp = hp;
    temperature = hp.keys().number("attention.temperature_scale", 0);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
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
        hp.nExpert() == 0 ? w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()) : moe(w));
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    Optional<Tensor> growth = growth(in);
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), growth, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Optional<Tensor> growth(Inputs in) {
    int length = hp.ropeScaling().nCtxOrig();
    return temperature == 0
        ? Optional.empty()
        : Optional.of(in.attentionTemperature(temperature, length, 0)); // [1, 1, nTokens]
  }

  private Tensor attention(
      Block b, Tensor x, Optional<Tensor> growth, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor grown = growth.isPresent() ? q.mul(growth.get()) : q;
    Tensor y = kv.append(k, h.v()).attend(grown, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
