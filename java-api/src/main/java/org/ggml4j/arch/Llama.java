package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
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
  /** The weights of one block. */
  private record Block(
      int il, RmsNorm attnNorm, Qkv attnQkv, Linear attnOutput, RmsNorm ffnNorm, Ffn ffn) {}

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
    rope = hp.rope(Style.INTERLEAVED, w);
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd); // small Llamas share the embedding
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        hp.nExpert() == 0 ? w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()) : moe(w));
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor a = attention(b, b.attnNorm.apply(x), in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) { // what follows works row by row: only wanted ones are needed
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = x.add(a).named("ffn_inp", b.il);
      x = x.add(b.ffn.apply(b.ffnNorm.apply(x))).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x);
    Tensor v = h.v().named("Vcur", b.il); // [headDim, nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il); // [headDim, nHead, nTokens]
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il); // [headDim, nHeadKv, nTokens]
    Tensor y = kv.append(k, v).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.attention(il, rope);
  }
}
