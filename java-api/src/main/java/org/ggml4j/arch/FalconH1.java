package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
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
import org.ggml4j.nn.Mamba2Mixer;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Falcon H1: in each layer attention and a Mamba-2 mixer side by side, of the same norm.
 *
 * <p>arXiv 2507.22448. GGUF architecture {@code falcon-h1}; llama.cpp's src/models/falcon-h1.cpp.
 */
final class FalconH1 implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      Mamba2Mixer mixer,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final float attnScale;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  FalconH1(Hparams hp, Weights w) {
    this.hp = hp;
    attnScale = hp.givenAttnScale();
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.HALVES, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
    w.ignoreAll("rope_freqs."); // which llama.cpp does not use here
  }

  private Block block(Weights w) {
    Weight ffnNorm = w.vector("ffn_norm", hp.nEmbd()); // without "weight" in its name
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias(),
        Mamba2Mixer.withOptionalNorm(w, hp.stateSpaceWithHeads(), hp.normRmsEps()),
        new RmsNorm(ffnNorm, hp.normRmsEps(), "ffn_norm-" + w.il()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y = attention(b, u, in, kv.layer(b.il)).add(b.mixer.apply(u, kv, b.il));
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("ffn_inp", b.il);
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, attnScale); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return new LayerMemory.Both(hp.attention(il, rope), blocks.get(il).mixer.memory());
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
