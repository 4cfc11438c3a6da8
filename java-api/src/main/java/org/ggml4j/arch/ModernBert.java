package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Classifier;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/**
 * ModernBERT: an encoder with rotary positions, GEGLU, and windows in two of three layers.
 *
 * <p>arXiv 2412.13663. GGUF architecture {@code modern-bert}; llama.cpp's
 * src/models/modern-bert.cpp.
 */
final class ModernBert implements Architecture.Encoder {
  private record Block(
      int il,
      Optional<LayerNorm> attnNorm, // the first layer has none
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final int window;
  private final boolean[] windowed;
  private final Rope rope;
  private final Rope windowRope;
  private final Activation activation;
  private final Embedding tokenEmbd;
  private final LayerNorm tokenEmbdNorm;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Optional<Classifier> classifier;

  ModernBert(Hparams hp, Weights w) {
    this.hp = hp;
    window = hp.keys().size("attention.sliding_window", 0);
    windowed = window > 0 ? hp.windowedLayers(3, true) : new boolean[hp.nBlock()];
    rope = hp.rope(Style.HALVES, Optional.empty());
    windowRope = rope.withFrequency(hp.keys().positive("rope.freq_base_swa", 10000), 1);
    activation = activation(hp.keys().text("hidden_activation", "gelu"));
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    tokenEmbdNorm = w.layerNorm("token_embd_norm", hp.nEmbd(), hp.normEps());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.layerNorm("output_norm", hp.nEmbd(), hp.normEps());
    classifier = classifier(w);
  }

  private Activation activation(String name) {
    return switch (name) {
      case "gelu", "geglu" -> Activation.GELU_ERF; // the approximation differs in the fourth digit
      case "silu", "swish", "swiglu" -> Activation.SILU;
      case "reglu" -> Activation.RELU;
      default -> {
        hp.require(false, "hidden_activation " + name);
        yield Activation.GELU_ERF;
      }
    };
  }

  private Optional<Classifier> classifier(Weights w) {
    Optional<Linear> dense =
        w.optionalLinear("cls", hp.nEmbd(), hp.nEmbd()).map(Linear::withoutBias);
    Optional<Linear> out = w.optionalLinear("cls.output", hp.nEmbd(), hp.nClasses());
    Optional<LayerNorm> norm = w.optionalLayerNorm("cls.norm", hp.normEps(), hp.nEmbd());
    return dense.isEmpty() && out.isEmpty()
        ? Optional.empty()
        : Optional.of(new Classifier(true, dense, Tensor::geluErf, norm, out));
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.il() > 0 || w.has("attn_norm.weight")
            ? Optional.of(w.layerNorm("attn_norm", hp.nEmbd(), hp.normEps()))
            : Optional.empty(),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias(),
        w.layerNorm("ffn_norm", hp.nEmbd(), hp.normEps()),
        w.fusedFeedForward(activation, hp.nEmbd(), hp.nFf()).withoutScales().withoutBiases());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbdNorm.apply(tokenEmbd.apply(in.tokens())); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor n = b.attnNorm.isPresent() ? b.attnNorm.get().apply(x) : x;
      Tensor a = attention(b, n, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = a.add(x).named("ffn_inp", b.il);
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x);
    }
    return outputNorm.apply(x).named("final_norm_out"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Rope r = windowed[b.il] ? windowRope : rope;
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = r.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = r.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.seen(
        il,
        windowed[il] ? Optional.of(new Window(Window.Kind.SYMMETRIC, window)) : Optional.empty());
  }

  @Override
  public Optional<Classifier> classifier() {
    return classifier;
  }
}
