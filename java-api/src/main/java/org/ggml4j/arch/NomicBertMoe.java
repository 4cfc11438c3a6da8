package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Ffn;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;

/**
 * Nomic Embed 2 and Jina Embeddings 3: BERT with rotary positions; Nomic's has experts in every
 * second layer.
 *
 * <p>arXiv 2502.07972 and 2409.10173. GGUF architectures {@code nomic-bert-moe} and {@code
 * jina-bert-v3}; llama.cpp's src/models/nomic-bert-moe.cpp, jina-bert-v3.cpp and bert.cpp.
 */
final class NomicBertMoe implements Architecture.Encoder {
  private record Block(
      int il,
      Qkv attnQkv,
      Linear attnOutput,
      LayerNorm attnOutputNorm,
      Ffn ffn,
      LayerNorm layerOutputNorm) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final Optional<Weight> tokenTypes;
  private final LayerNorm tokenEmbdNorm;
  private final Rope rope;
  private final List<Block> blocks;

  NomicBertMoe(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    tokenTypes = w.optionalTable("token_types.weight", hp.nEmbd(), hp.nTokenTypes());
    tokenEmbdNorm = w.layerNorm("token_embd_norm", hp.nEmbd(), hp.normEps());
    rope = hp.rope(Style.HALVES, Optional.empty());
    blocks = w.blocks(hp.nLayer(), this::block);
  }

  private Block block(Weights w) {
    int every = hp.keys().size("moe_every_n_layers", 0);
    boolean experts = every > 0 && w.il() % every == 1;
    return new Block(
        w.il(),
        hp.qkv(w),
        w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()),
        w.layerNorm("attn_output_norm", hp.nEmbd(), hp.normEps()),
        experts ? moe(w) : w.feedForward(Activation.GELU, hp.nEmbd(), hp.nFf()).withoutScales(),
        w.layerNorm("layer_output_norm", hp.nEmbd(), hp.normEps()));
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, false);
    return w.moe(Activation.GELU, routing, false, hp.nEmbd(), hp.nFf(), hp.nExpert())
        .withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    if (tokenTypes.isPresent()) {
      x = x.add(in.graph().use(tokenTypes.get()).view1d(hp.nEmbd(), 0));
    }
    x = tokenEmbdNorm.apply(x);
    for (Block b : blocks) {
      Tensor a = attention(b, x, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        a = in.selectOutputs(a); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = b.attnOutputNorm.apply(a.add(x)).named("ffn_inp", b.il);
      x = b.layerOutputNorm.apply(b.ffn.apply(x).add(x));
    }
    return x.named("result_embd"); // [nEmbd, nOutputs]
  }

  private Tensor attention(Block b, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = b.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(h.q(), in).named("Qcur", b.il);
    Tensor k = rope.apply(h.k(), in).named("Kcur", b.il);
    Tensor y = kv.append(k, h.v()).attend(q, hp.attnScale()); // [nEmbdQ, nTokens]
    return b.attnOutput.apply(y).named("kqv_out", b.il); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return hp.seen(il, Optional.empty());
  }
}
