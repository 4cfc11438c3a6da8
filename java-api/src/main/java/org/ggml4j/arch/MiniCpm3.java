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
 * MiniCPM 3: queries, keys and values come from a few numbers each (multi-head latent attention),
 * of which keys and values keep what has been unfolded; factors of the embedding, of what each
 * layer adds and of the last state.
 *
 * <p>arXiv 2404.06395; for the attention 2405.04434. GGUF architecture {@code minicpm3};
 * llama.cpp's src/models/minicpm3.cpp.
 */
final class MiniCpm3 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Linear attnQA,
      RmsNorm attnQANorm,
      Linear attnQB,
      Linear attnKvAMqa,
      RmsNorm attnKvANorm,
      Linear attnKvB,
      Linear attnOutput,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private static final int N_EMBD_BASE = 256;
  private static final float EMBEDDING_SCALE = 12;
  private static final float DEPTH_SCALE = 1.4f;

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final int rankQ;
  private final int rank;
  private final int nPlain;
  private final float residualScale;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  MiniCpm3(Hparams hp, Weights w) {
    this.hp = hp;
    rankQ = hp.keys().size("attention.q_lora_rank");
    rank = hp.keys().size("attention.kv_lora_rank");
    nPlain = hp.headDim() - hp.nRot(); // elements of a head that are not turned
    residualScale = (float) (DEPTH_SCALE / Math.sqrt(hp.nLayer()));
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
        w.linear("attn_q_a", hp.nEmbd(), rankQ).withoutScale(),
        w.rmsNorm("attn_q_a_norm", rankQ, hp.normRmsEps()),
        w.linear("attn_q_b", rankQ, hp.nEmbdQ()).withoutScale(),
        w.linear("attn_kv_a_mqa", hp.nEmbd(), (long) rank + hp.nRot()).withoutScale(),
        w.rmsNorm("attn_kv_a_norm", rank, hp.normRmsEps()),
        w.linear("attn_kv_b", rank, (long) hp.nHead() * (nPlain + hp.headDimV())).withoutScale(),
        w.linear("attn_output", (long) hp.nHead() * hp.headDimV(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()).scale(EMBEDDING_SCALE); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a.scale(residualScale)).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x)).scale(residualScale)).named("l_out", b.il);
    }
    x = outputNorm.apply(x).scale((float) N_EMBD_BASE / hp.nEmbd());
    return output.apply(x).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    int nRot = hp.nRot();
    Tensor q = b.attnQB.apply(b.attnQANorm.apply(b.attnQA.apply(x))).splitHeads(hp.headDim());
    Tensor kvA = b.attnKvAMqa.apply(x); // [rank + nRot, nTokens]
    Tensor kTurned = rope.apply(kvA.heads(rank, nRot, 1), in); // [nRot, 1, nTokens]
    Tensor unfolded = b.attnKvB.apply(b.attnKvANorm.apply(kvA.columns(0, rank)));
    Tensor kvB = unfolded.splitHeads(nPlain + hp.headDimV());
    Tensor v = kvB.columns(nPlain, hp.headDimV()).cont(); // [headDimV, nHead, nTokens]
    Tensor k = kTurned.repeat(nRot, hp.nHead(), x.ne(1)); // [nRot, nHead, nTokens]
    if (nPlain > 0) {
      k = kvB.columns(0, nPlain).concat(k, 0);
      q = q.columns(0, nPlain).concat(rope.apply(q.columns(nPlain, nRot), in), 0);
    } else {
      q = rope.apply(q, in);
    }
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
