package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LatentAttention;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * PLM: a small model with multi-head latent attention, of which keys and values keep what has been
 * unfolded, and a feed-forward network with squared ReLU.
 *
 * <p>arXiv 2503.12167; for the attention 2405.04434. GGUF architecture {@code plm}; llama.cpp's
 * src/models/plm.cpp.
 */
final class Plm implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      LatentAttention attn,
      Linear attnOutput,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final LatentAttention.Sizes sizes;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Plm(Hparams hp, Weights w) {
    this.hp = hp;
    int rank = hp.keys().size("attention.kv_lora_rank");
    sizes =
        new LatentAttention.Sizes(
            hp.nEmbd(), hp.nHead(), hp.headDim(), hp.headDimV(), hp.nRot(), 0, rank);
    hp.require(hp.headDim() > hp.nRot(), "heads of which all is turned");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.tied(tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        LatentAttention.of(w, sizes, hp.normRmsEps(), false),
        w.linear("attn_output", (long) hp.nHead() * hp.headDimV(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.feedForward(Activation.RELU_SQUARED, hp.nEmbd(), hp.nFf()).withoutScales());
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
    Tensor y = b.attn.apply(x, part -> rope.apply(part, in), kv, hp.attnScale());
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return blocks.get(il).attn.memory();
  }

  @Override
  public boolean canShift() {
    return false; // it is the end of each key that is turned
  }
}
