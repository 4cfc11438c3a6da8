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
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rwkv7TimeMix;
import org.ggml4j.nn.TokenShift;
import org.ggml4j.nn.Weights;

/**
 * ARWKV-7: Qwen 2 with RWKV-7's time mixing in the place of attention.
 *
 * <p>arXiv 2501.15570. GGUF architecture {@code arwkv7}; llama.cpp's src/models/arwkv7.cpp and
 * rwkv7-base.cpp.
 */
final class Arwkv7 implements Architecture.Decoder {
  private record Block(
      int il, RmsNorm attnNorm, Rwkv7TimeMix timeMix, RmsNorm ffnNorm, FeedForward ffn) {}

  private final Hparams hp;
  private final int headSize;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Arwkv7(Hparams hp, Weights w) {
    this.hp = hp;
    headSize = hp.keys().size("wkv.head_size");
    hp.require(headSize % 64 == 0, "heads of a size that is no multiple of 64");
    hp.require(hp.nEmbd() % headSize == 0, "heads that do not divide the embedding length");
    hp.require(hp.keys().size("token_shift_count", 2) == 1, "another token_shift_count than 1");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        timeMix(w),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.gatedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales());
  }

  private Rwkv7TimeMix timeMix(Weights w) {
    Keys keys = hp.keys();
    Rwkv7TimeMix.Ranks ranks =
        new Rwkv7TimeMix.Ranks(
            keys.size("attention.decay_lora_rank"),
            keys.size("attention.iclr_lora_rank"),
            keys.size("attention.value_residual_mix_lora_rank"),
            keys.size("attention.gate_lora_rank", 0));
    Optional<LayerNorm> ln =
        w.has("time_mix_ln.weight")
            ? Optional.of(w.layerNorm("time_mix_ln", hp.nEmbd(), 64e-5f))
            : Optional.empty();
    return Rwkv7TimeMix.of(w, hp.nEmbd(), headSize, ranks, ln);
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    Optional<Tensor> firstValue = Optional.empty();
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor before = TokenShift.of(u, kv.state(b.il, 0)).sub(u);
      Tensor v = b.timeMix.values(u, before, firstValue);
      firstValue = firstValue.or(() -> Optional.of(v));
      Tensor y = b.timeMix.apply(u, before, v, kv.state(b.il, 1));
      x = y.add(x).named("ffn_inp", b.il);
      x = b.il == blocks.size() - 1 ? in.selectOutputs(x) : x; // [nEmbd, nOutputs]
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  @Override
  public LayerMemory memory(int il) {
    return LayerMemory.Recurrent.of(hp.nEmbd(), headSize * hp.nEmbd());
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
