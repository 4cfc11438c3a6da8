package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Scores;
import org.ggml4j.nn.Weights;

/**
 * MPT: LayerNorm, GELU, and attention that weighs by distance (ALiBi), with limits of queries, keys
 * and values; by options, learned positions and divisors behind GELU.
 *
 * <p>MosaicML, 2023; for the distances arXiv 2108.12409. GGUF architecture {@code mpt}; llama.cpp's
 * src/models/mpt.cpp.
 */
final class Mpt implements Architecture.Decoder {
  private record Block(
      int il,
      LayerNorm attnNorm,
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm ffnNorm,
      FeedForward ffn) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Optional<Embedding> positionEmbd;
  private final Scores scores;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Mpt(Hparams hp, Weights w) {
    this.hp = hp;
    float maxBias = hp.keys().number("attention.max_alibi_bias", 0);
    scores = Scores.scaled(hp.attnScale()).withMaxBias(maxBias);
    positionEmbd =
        w.has("position_embd.weight")
            ? Optional.of(w.embedding("position_embd", hp.nEmbd(), hp.nCtxTrain()))
            : Optional.empty();
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.layerNorm("output_norm", hp.nEmbd(), hp.normEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    hp.require(!w.has("attn_q_norm.weight"), "norms of queries and keys");
    w.ignoreAll("attn_k_norm."); // llama.cpp uses it only with that of queries
    return new Block(
        w.il(),
        w.layerNorm("attn_norm", hp.nEmbd(), hp.normEps()),
        hp.qkv(w).clamped(hp.keys().number("attention.clamp_kqv", 0)),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.layerNorm("ffn_norm", hp.nEmbd(), hp.normEps()),
        w.feedForward(activation(w), hp.nEmbd(), hp.nFf()).withoutScales());
  }

  private Activation activation(Weights w) {
    Optional<Weight> divisors = w.optional("ffn.act.scales", hp.nFf());
    return divisors
        .map(d -> Activation.GELU.then(x -> x.div(x.graph().use(d))))
        .orElse(Activation.GELU);
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    if (positionEmbd.isPresent()) {
      x = x.add(positionEmbd.get().apply(in.positionsBelow(hp.nCtxTrain()))).named("inpL");
    }
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), kv.layer(b.il));
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
    Tensor y = kv.append(h.k(), h.v()).attend(h.q(), scores); // [headDimV * nHead, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il);
  }

  @Override
  public boolean canShift() {
    return positionEmbd.isEmpty(); // learned ones are part of what keys and values are made of
  }
}
