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
import org.ggml4j.nn.Mamba2Mixer;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Weights;

/**
 * Nemotron H: layers of one kind each, a Mamba-2 mixer, attention without positions, or a
 * feed-forward network of squared ReLU, dense or with experts, which may work in a narrower space.
 *
 * <p>arXiv 2504.03624 and 2512.20848. GGUF architectures {@code nemotron_h} and {@code
 * nemotron_h_moe}; llama.cpp's src/models/nemotron-h.cpp.
 */
final class NemotronH implements Architecture.Decoder {
  private record Attention(Qkv attnQkv, Linear attnOutput) {}

  private record Experts(
      Moe moe, Optional<Linear> latentDown, Optional<Linear> latentUp, FeedForward shared) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Mamba2Mixer> mixer,
      Optional<Attention> attention,
      Optional<Experts> experts,
      Optional<FeedForward> dense) {}

  private final Hparams hp;
  private final float eps;
  private final float attnScale;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  NemotronH(Hparams hp, Weights w) {
    this.hp = hp;
    String rms = "attention.layer_norm_rms_epsilon";
    eps = hp.keys().has(rms) ? hp.keys().number(rms, 0) : hp.normEps();
    attnScale = hp.givenAttnScale();
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), eps);
    output = w.outputOrTied("output", tokenEmbd);
    w.ignoreBlocks(hp.nLayer(), hp.nBlock()); // they predict further tokens
  }

  private Block block(Weights w) {
    boolean feedForward = hp.nFf(w.il()) > 0;
    boolean recurrent = !feedForward && hp.nHeadKv(w.il()) == 0;
    boolean attention = !feedForward && !recurrent;
    boolean experts = feedForward && hp.nExpert() > 0;
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), eps),
        recurrent
            ? Optional.of(Mamba2Mixer.of(w, hp.stateSpaceWithHeads(), eps))
            : Optional.empty(),
        attention ? Optional.of(attention(w)) : Optional.empty(),
        experts ? Optional.of(experts(w)) : Optional.empty(),
        feedForward && !experts
            ? Optional.of(w.feedForward(Activation.RELU_SQUARED, hp.nEmbd(), hp.nFf(w.il())))
            : Optional.empty());
  }

  private Attention attention(Weights w) {
    long nEmbdQ = (long) hp.headDim() * hp.nHead(w.il());
    return new Attention(hp.qkv(w), w.linear("attn_output", nEmbdQ, hp.nEmbd()));
  }

  private Experts experts(Weights w) {
    Keys keys = hp.keys();
    int nUsed = keys.sizes("expert_used_count", hp.nBlock(), 0)[w.il()];
    int own = keys.sizes("expert_feed_forward_length", hp.nBlock(), 0)[w.il()];
    int nFf = own > 0 ? own : hp.nFf(w.il()) / nUsed;
    int nShared = keys.size("expert_shared_feed_forward_length");
    int latent = keys.size("moe_latent_size", 0);
    Moe.Routing routing = hp.routing(Moe.Gating.SIGMOID, keys.flag("expert_weights_norm", false));
    Activation f = Activation.RELU_SQUARED;
    int width = latent > 0 ? latent : hp.nEmbd();
    Linear router = w.linear("ffn_gate_inp", hp.nEmbd(), hp.nExpert());
    Moe moe = w.moe(router, f, routing, false, width, nFf, hp.nExpert());
    return new Experts(
        moe,
        optional(w, "ffn_latent_down", hp.nEmbd(), width),
        optional(w, "ffn_latent_up", width, hp.nEmbd()),
        w.feedForward("_shexp", f, hp.nEmbd(), nShared));
  }

  private static Optional<Linear> optional(Weights w, String name, int in, int out) {
    return w.has(name + ".weight")
        ? Optional.of(w.linear(name, in, out).withoutScale())
        : Optional.empty();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor y = layer(b, b.attnNorm.apply(x), kv);
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("nemotron_h_block_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor layer(Block b, Tensor x, KvCache kv) {
    if (b.mixer.isPresent()) {
      return b.mixer.get().apply(x, kv, b.il);
    }
    if (b.attention.isPresent()) {
      return attention(b.attention.get(), x, kv.layer(b.il));
    }
    return b.experts.isPresent() ? experts(b.experts.get(), x) : b.dense.orElseThrow().apply(x);
  }

  private Tensor attention(Attention a, Tensor x, KvCache.Layer kv) {
    Qkv.Heads h = a.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    return a.attnOutput.apply(kv.append(h.k(), h.v()).attend(h.q(), attnScale));
  }

  private static Tensor experts(Experts e, Tensor x) {
    Tensor in = e.latentDown.isPresent() ? e.latentDown.get().apply(x) : x;
    Tensor y = e.moe.apply(in, e.moe.router().apply(x));
    y = e.latentUp.isPresent() ? e.latentUp.get().apply(y) : y;
    return y.add(e.shared.apply(x)); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    Block b = blocks.get(il);
    if (b.mixer.isPresent()) {
      return b.mixer.get().memory();
    }
    return b.attention.isPresent() ? hp.attention(il) : new LayerMemory.None();
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
