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
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Llama Nemotron and DeciLM: Llamas of which a search has taken parts away. Layers differ in heads
 * and widths; one may have a matrix in place of attention, or nothing, and no feed-forward network.
 *
 * <p>arXiv 2411.19146 (Puzzle). GGUF architecture {@code deci}; llama.cpp's src/models/deci.cpp.
 */
final class Deci implements Architecture.Decoder {
  /** Attention has queries, keys and values; what replaces it has the output's matrix only. */
  private record Mixer(RmsNorm attnNorm, Optional<Qkv> attnQkv, Linear attnOutput) {}

  private record Ffn(RmsNorm ffnNorm, FeedForward ffn) {}

  private record Block(int il, Optional<Mixer> mixer, Optional<Ffn> ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Deci(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        hp.nHead(w.il()) > 0 ? Optional.of(mixer(w)) : Optional.empty(),
        hp.nFf(w.il()) > 0 ? Optional.of(ffn(w)) : Optional.empty());
  }

  private Mixer mixer(Weights w) {
    RmsNorm norm = w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps());
    if (hp.nHeadKv(w.il()) == 0) {
      Linear only = w.linear("attn_output", hp.nEmbd(), hp.nEmbd()).withoutScale();
      return new Mixer(norm, Optional.empty(), only);
    }
    long nEmbdQ = (long) hp.headDim() * hp.nHead(w.il());
    return new Mixer(norm, Optional.of(hp.qkv(w)), w.linear("attn_output", nEmbdQ, hp.nEmbd()));
  }

  private Ffn ffn(Weights w) {
    return new Ffn(
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf(w.il())).withoutScales());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      boolean last = b.il == blocks.size() - 1;
      Optional<Tensor> a = Optional.empty();
      if (b.mixer.isPresent()) {
        Tensor y = mix(b.il, b.mixer.get(), x, in, kv); // [nEmbd, nTokens]
        a = Optional.of(last ? in.selectOutputs(y) : y); // [nEmbd, nOutputs]
      }
      x = last ? in.selectOutputs(x) : x;
      x = a.isPresent() ? x.add(a.get()).named("ffn_inp", b.il) : x;
      if (b.ffn.isPresent()) {
        Ffn f = b.ffn.get();
        x = x.add(f.ffn.apply(f.ffnNorm.apply(x))).named("l_out", b.il);
      }
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor mix(int il, Mixer m, Tensor input, Inputs in, KvCache kv) {
    Tensor x = m.attnNorm.apply(input);
    if (m.attnQkv.isEmpty()) {
      return m.attnOutput.apply(x).named("attn_out", il); // [nEmbd, nTokens]
    }
    Qkv.Heads h = m.attnQkv.get().apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", il);
    Tensor y = kv.layer(il).append(k, h.v()).attend(q, hp.attnScale()); // [headDimV * nHead, …]
    return m.attnOutput.apply(y).named("attn_out", il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.nHeadKv(il) > 0 ? hp.attention(il, rope) : new LayerMemory.None();
  }
}
