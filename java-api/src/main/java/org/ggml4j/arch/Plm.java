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
      Linear attnQ,
      Linear attnKvAMqa,
      RmsNorm attnKvANorm,
      Linear attnKvB,
      Linear attnOutput,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final int rank;
  private final int nPlain;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Plm(Hparams hp, Weights w) {
    this.hp = hp;
    rank = hp.keys().size("attention.kv_lora_rank");
    nPlain = hp.headDim() - hp.nRot(); // elements of a head that are not turned
    hp.require(nPlain > 0, "heads of which all is turned");
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
        w.linear("attn_q", hp.nEmbd(), hp.nEmbdQ()).withoutScale(),
        w.linear("attn_kv_a_mqa", hp.nEmbd(), (long) rank + hp.nRot()).withoutScale(),
        w.rmsNorm("attn_kv_a_norm", rank, hp.normRmsEps()),
        w.linear("attn_kv_b", rank, (long) hp.nHead() * (nPlain + hp.headDimV())).withoutScale(),
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
    int nRot = hp.nRot();
    Tensor q = b.attnQ.apply(x).splitHeads(hp.headDim()); // [headDim, nHead, nTokens]
    q = q.columns(0, nPlain).concat(rope.apply(q.columns(nPlain, nRot), in), 0);
    Tensor kvA = b.attnKvAMqa.apply(x); // [rank + nRot, nTokens]
    Tensor kTurned = rope.apply(kvA.heads(rank, nRot, 1), in); // [nRot, 1, nTokens]
    Tensor unfolded = b.attnKvB.apply(b.attnKvANorm.apply(kvA.columns(0, rank)));
    Tensor kvB = unfolded.splitHeads(nPlain + hp.headDimV());
    Tensor v = kvB.columns(nPlain, hp.headDimV()).cont(); // [headDimV, nHead, nTokens]
    Tensor turned = kTurned.repeat(nRot, hp.nHead(), x.ne(1));
    Tensor k = kvB.columns(0, nPlain).concat(turned, 0); // [headDim, nHead, nTokens]
    Tensor y = kv.append(k, v).attend(q, hp.attnScale()); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return LayerMemory.Attention.of(hp.nHead(), hp.headDim(), hp.headDimV());
  }

  @Override
  public boolean canShift() {
    return false; // it is the end of each key that is turned
  }
}
