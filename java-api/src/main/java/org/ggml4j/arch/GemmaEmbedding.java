package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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
import org.ggml4j.nn.Window;

/**
 * EmbeddingGemma: Gemma 3 as an encoder, with windows that lie around a token, and layers behind
 * the pooling.
 *
 * <p>arXiv 2509.20354. GGUF architecture {@code gemma-embedding}; llama.cpp's
 * src/models/gemma-embedding.cpp.
 */
final class GemmaEmbedding implements Architecture.Encoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Qkv attnQkv,
      RmsNorm attnQNorm,
      RmsNorm attnKNorm,
      Linear attnOutput,
      RmsNorm postAttentionNorm,
      RmsNorm ffnNorm,
      FeedForward ffn,
      RmsNorm postFfwNorm) {}

  private final Hparams hp;
  private final Window window;
  private final boolean[] windowed;
  private final Rope rope;
  private final Rope windowRope;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final List<Linear> projections;

  GemmaEmbedding(Hparams hp, Weights w) {
    this.hp = hp;
    hp.keys().ignore("final_logit_softcapping"); // there are no logits
    Keys keys = hp.keys();
    window = new Window(Window.Kind.SYMMETRIC, keys.size("attention.sliding_window"));
    windowed = hp.windowedLayers(6, false);
    rope = hp.rope(Style.HALVES, Optional.empty());
    windowRope = rope.withFrequency(keys.positive("rope.freq_base_swa", 10000), 1);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    w.ignoreAll("output.weight"); // gives logits, which an encoder has none of
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    projections =
        Stream.of(
                w.optionalLinear("dense_2", hp.nEmbd(), keys.size("dense_2_feat_out", 0)),
                w.optionalLinear("dense_3", keys.size("dense_3_feat_in", 0), hp.nEmbd()))
            .flatMap(Optional::stream)
            .toList();
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.rmsNorm("attn_q_norm", hp.headDim(), hp.normRmsEps()),
        w.rmsNorm("attn_k_norm", hp.headDim(), hp.normRmsEps()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("post_attention_norm", hp.nEmbd(), hp.normRmsEps()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales(),
        w.rmsNorm("post_ffw_norm", hp.nEmbd(), hp.normRmsEps()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x =
        tokenEmbd.apply(in.tokens()).scale((float) Math.sqrt(hp.nEmbd())); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = b.postAttentionNorm.apply(a).add(x).named("sa_out", b.il);
      x = b.postFfwNorm.apply(b.ffn.apply(b.ffnNorm.apply(x))).add(x).named("l_out", b.il);
    }
    return outputNorm.apply(x).named("result_norm"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Rope r = windowed[b.il] ? windowRope : rope;
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = r.apply(b.attnQNorm.apply(h.q()), in).scale(hp.attnScale());
    Tensor k = r.apply(b.attnKNorm.apply(h.k()), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q.named("Qcur", b.il), 1); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.seen(il, windowed[il] ? Optional.of(window) : Optional.empty());
  }

  @Override
  public List<Linear> projections() {
    return projections;
  }
}
