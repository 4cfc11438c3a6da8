package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.MambaMixer;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.StateSpace;
import org.ggml4j.nn.Weights;

/**
 * Jamba: Mamba mixers with norms of step length, input and output, in one of eight layers attention
 * without positions; the feed-forward network has experts in some layers.
 *
 * <p>arXiv 2403.19887. GGUF architecture {@code jamba}; llama.cpp's src/models/jamba.cpp.
 */
final class Jamba implements Architecture.Decoder {
  private record Attention(Qkv attnQkv, Linear attnOutput) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Attention> attention,
      Optional<MambaMixer> mixer,
      RmsNorm ffnNorm,
      Optional<FeedForward> dense,
      Optional<Moe> moe) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Jamba(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    boolean experts = w.has("ffn_gate_inp.weight");
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(attention(w)),
        recurrent ? Optional.of(mixer(w)) : Optional.empty(),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        experts
            ? Optional.empty()
            : Optional.of(
                w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales()),
        experts ? Optional.of(moe(w)) : Optional.empty());
  }

  private Attention attention(Weights w) {
    return new Attention(hp.qkv(w), w.linear("attn_output", hp.nEmbd(), hp.nEmbd()));
  }

  private MambaMixer mixer(Weights w) {
    StateSpace s = hp.stateSpace();
    RmsNorm dt = w.rmsNorm("ssm_dt_norm", s.rank(), hp.normRmsEps());
    RmsNorm b = w.rmsNorm("ssm_b_norm", s.nState(), hp.normRmsEps());
    RmsNorm c = w.rmsNorm("ssm_c_norm", s.nState(), hp.normRmsEps());
    return MambaMixer.of(w, s, new MambaMixer.Norms(dt::apply, b::apply, c::apply));
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, false);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert())
        .withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.mixer.isPresent()
              ? b.mixer.get().apply(u, kv, b.il)
              : attention(b.attention.orElseThrow(), u, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(y).named("ffn_inp", b.il);
      u = b.ffnNorm.apply(x);
      y = b.moe.isPresent() ? b.moe.get().apply(u) : b.dense.orElseThrow().apply(u);
      x = x.add(y).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Attention a, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = a.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), hp.attnScale());
    return a.attnOutput.apply(y); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    Optional<MambaMixer> mixer = blocks.get(il).mixer;
    return mixer.isPresent() ? mixer.get().memory() : hp.attention(il);
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
