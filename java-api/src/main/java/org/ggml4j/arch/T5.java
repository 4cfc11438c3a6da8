package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Attention;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RelativeBias;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;

/**
 * T5 and Flan-T5: an encoder reads a text, a decoder that looks at all of its states writes another
 * one.
 *
 * <p>arXiv 1910.10683. GGUF architecture {@code t5}; llama.cpp's src/models/t5.cpp.
 */
final class T5 implements Architecture.EncoderDecoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      Optional<Weight> attnRelB,
      Linear attnOutput,
      RmsNorm crossAttnNorm,
      Linear crossAttnQ,
      Linear crossAttnK,
      Linear crossAttnV,
      Linear crossAttnOutput,
      RmsNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final T5Encoder encoder;
  private final List<Block> blocks;
  private final RelativeBias firstBias;
  private final RmsNorm outputNorm;
  private final Linear output;
  private final int start;

  T5(Hparams hp, Weights w) {
    this.hp = hp;
    hp.require(
        hp.keys().size("decoder_block_count", hp.nLayer()) == hp.nLayer(),
        "another number of layers in the decoder than in the encoder");
    start = hp.keys().size("decoder_start_token_id", 0);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    encoder = new T5Encoder(hp, w, tokenEmbd);
    blocks = w.blocks("dec.", hp.nLayer(), this::block);
    firstBias = new RelativeBias(blocks.get(0).attnRelB.orElseThrow(), false);
    outputNorm = w.rmsNorm("dec.output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    w.ignoreAll("cross_attn_rel_b."); // not used by the original either
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        T5Encoder.relativeBias(hp, w),
        w.linear("attn_o", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("cross_attn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.linear("cross_attn_q", hp.nEmbd(), hp.nEmbdQ()).withoutScale(),
        w.linear("cross_attn_k", hp.nEmbd(), hp.nEmbdKv()).withoutScale(),
        w.linear("cross_attn_v", hp.nEmbd(), hp.nEmbdKv()).withoutScale(),
        w.linear("cross_attn_o", hp.nEmbdQ(), hp.nEmbd()).withoutScale(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        T5Encoder.feedForward(hp, w));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      x = x.add(attention(b, b.attnNorm.apply(x), kv.layer(b.il))).named("cross_inp", b.il);
      Tensor a = crossAttention(b, b.crossAttnNorm.apply(x), in);
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    RelativeBias bias = b.attnRelB.map(w -> new RelativeBias(w, false)).orElse(firstBias);
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), Scores.scaled(1).withRelative(bias));
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor crossAttention(Block b, Tensor x, Inputs in) {
    Tensor source = in.source(); // F32 [nEmbd, nSource]
    Tensor q = b.crossAttnQ.apply(x).splitHeads(hp.headDim());
    Tensor k = b.crossAttnK.apply(source).splitHeads(hp.headDim()); // [headDim, nHeadKv, nSource]
    Tensor v = b.crossAttnV.apply(source).splitHeads(hp.headDimV());
    return b.crossAttnOutput.apply(Attention.cross(in, q, k, v, 1, b.il)); // [nEmbd, nTokens]
  }

  @Override
  public Encoder encoder() {
    return encoder;
  }

  @Override
  public int decoderStart() {
    return start;
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il);
  }

  @Override
  public boolean canFlash() {
    return false; // the operation takes no bias
  }
}
