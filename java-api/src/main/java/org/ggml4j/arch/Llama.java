package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Llama 1 to 3, Mistral, TinyLlama, SmolLM; with experts, Mixtral. A decoder whose blocks normalise
 * first: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
 *
 * <p>arXiv 2302.13971, 2307.09288 and 2407.21783, for the experts 2401.04088. GGUF architecture
 * {@code llama}; names, shapes and operations as in llama.cpp's src/models/llama.cpp.
 */
final class Llama implements Architecture.Decoder {
  /** The weights of one block; either {@code dense} or {@code moe} is present. */
  private record Block(
      int il,
      RmsNorm attnNorm,
      Linear attnQ,
      Linear attnK,
      Linear attnV,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Optional<Dense> dense,
      Optional<Moe> moe) {}

  private record Dense(Linear ffnGate, Linear ffnUp, Linear ffnDown) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Rope rope;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Llama(Hparams hp, Weights w) {
    this.hp = hp;
    hp.require(hp.headDim() == hp.headDimV(), "heads of keys and values of different sizes");
    hp.require(hp.headDim() == hp.nRot(), "rotary positions in a part of the head only");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    rope = hp.rope(Style.INTERLEAVED, w.shared("rope_freqs.weight", hp.nRot() / 2));
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd); // small Llamas share the embedding
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.linear("attn_q", hp.nEmbd(), hp.nEmbdQ()),
        w.linear("attn_k", hp.nEmbd(), hp.nEmbdKv()),
        w.linear("attn_v", hp.nEmbd(), hp.nEmbdKv()),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.nExpert() == 0 ? Optional.of(dense(w)) : Optional.empty(),
        hp.nExpert() > 0 ? Optional.of(moe(w)) : Optional.empty());
  }

  private Dense dense(Weights w) {
    return new Dense(
        w.linear("ffn_gate", hp.nEmbd(), hp.nFf()).scalingBias(),
        w.linear("ffn_up", hp.nEmbd(), hp.nFf()).scalingBias(),
        w.linear("ffn_down", hp.nFf(), hp.nEmbd()).scalingBias());
  }

  private Moe moe(Weights w) {
    return new Moe(
        w.linear("ffn_gate_inp", hp.nEmbd(), hp.nExpert()),
        w.experts("ffn_gate_exps", hp.nEmbd(), hp.nFf(), hp.nExpert()),
        w.experts("ffn_up_exps", hp.nEmbd(), hp.nFf(), hp.nExpert()),
        w.experts("ffn_down_exps", hp.nFf(), hp.nEmbd(), hp.nExpert()),
        hp.nExpertUsed(),
        w.il());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il
          == blocks.size() - 1) { // what follows works row by row: only the wanted rows are needed
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(feedForward(b, b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Tensor q = b.attnQ.apply(x).splitHeads(hp.headDim()); // [headDim, nHead, nTokens]
    Tensor k = b.attnK.apply(x).splitHeads(hp.headDim()); // [headDim, nHeadKv, nTokens]
    Tensor v = b.attnV.apply(x).splitHeads(hp.headDim()).named("Vcur", b.il);
    q = rope.apply(q, in.positions()).named("Qcur", b.il);
    k = rope.apply(k, in.positions()).named("Kcur", b.il);
    Tensor y = kv.append(k, v).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  private Tensor feedForward(Block b, Tensor x) {
    if (b.moe.isPresent()) {
      return b.moe.get().apply(x);
    }
    Dense d = b.dense.orElseThrow();
    Tensor gate = d.ffnGate.apply(x).named("ffn_gate", b.il); // [nFf, nOutputs or nTokens]
    Tensor up = d.ffnUp.apply(x).named("ffn_up", b.il);
    Tensor h = gate.swiglu(up).named("ffn_swiglu", b.il);
    return d.ffnDown.apply(h).named("ffn_out", b.il); // [nEmbd, …]
  }

  @Override
  public Rope rope(int il) {
    return rope;
  }
}
