package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Rwkv7TimeMix;
import org.ggml4j.nn.TokenShift;
import org.ggml4j.nn.Weights;

/**
 * RWKV-7 "Goose": no attention, but in each layer a matrix for each head that decays and in which
 * what a key stands for is replaced, at a rate of each channel; all that goes into it is mixed of a
 * token and the one before.
 *
 * <p>arXiv 2503.14456. GGUF architecture {@code rwkv7}; llama.cpp's src/models/rwkv7.cpp and
 * rwkv7-base.cpp.
 */
final class Rwkv7 implements Architecture.Decoder {
  private record ChannelMix(Weight lerpK, Linear key, Linear value) {}

  private record Block(
      int il,
      LayerNorm attnNorm,
      Rwkv7TimeMix timeMix,
      LayerNorm attnNorm2,
      ChannelMix channelMix) {}

  private final Hparams hp;
  private final int headSize;
  private final Embedding tokenEmbd;
  private final LayerNorm tokenEmbdNorm;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Rwkv7(Hparams hp, Weights w) {
    this.hp = hp;
    headSize = hp.keys().size("wkv.head_size");
    hp.require(headSize > 0 && headSize % 64 == 0, "heads of a size that is no multiple of 64");
    hp.require(hp.nEmbd() % headSize == 0, "heads that do not divide the embedding length");
    hp.require(hp.keys().size("token_shift_count", 2) == 2, "another token_shift_count than 2");
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    tokenEmbdNorm = w.layerNorm("token_embd_norm", hp.nEmbd(), hp.normEps());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.layerNorm("output_norm", hp.nEmbd(), hp.normEps());
    output = w.output("output", hp.nEmbd(), hp.nVocab());
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.layerNorm("attn_norm", hp.nEmbd(), hp.normEps()),
        timeMix(w),
        w.layerNorm("attn_norm_2", hp.nEmbd(), hp.normEps()),
        channelMix(w));
  }

  private Rwkv7TimeMix timeMix(Weights w) {
    Keys keys = hp.keys();
    Rwkv7TimeMix.Ranks ranks =
        new Rwkv7TimeMix.Ranks(
            keys.size("attention.decay_lora_rank"),
            keys.size("attention.iclr_lora_rank"),
            keys.size("attention.value_residual_mix_lora_rank"),
            keys.size("attention.gate_lora_rank"));
    LayerNorm ln = w.layerNorm("time_mix_ln", hp.nEmbd(), 64e-5f);
    return Rwkv7TimeMix.of(w, hp.nEmbd(), headSize, ranks, Optional.of(ln));
  }

  private ChannelMix channelMix(Weights w) {
    return new ChannelMix(
        w.table("channel_mix_lerp_k.weight", hp.nEmbd(), 1, 1),
        w.linear("channel_mix_key", hp.nEmbd(), hp.nFf()),
        w.linear("channel_mix_value", hp.nFf(), hp.nEmbd()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbdNorm.apply(tokenEmbd.apply(in.tokens())); // [nEmbd, nTokens]
    Optional<Tensor> firstValue = Optional.empty();
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor before = TokenShift.of(u, kv.state(b.il, 0)).sub(u);
      Tensor v = b.timeMix.values(u, before, firstValue);
      firstValue = firstValue.or(() -> Optional.of(v));
      Tensor y = b.timeMix.apply(u, before, v, kv.state(b.il, 2));
      x = y.add(x).named("ffn_inp", b.il);
      u = b.attnNorm2.apply(x);
      before = TokenShift.of(u, kv.state(b.il, 1)).sub(u);
      if (b.il == blocks.size() - 1) {
        u = in.selectOutputs(u); // [nEmbd, nOutputs]
        before = in.selectOutputs(before);
        x = in.selectOutputs(x);
      }
      x = channelMix(b.channelMix, u, before).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private static Tensor channelMix(ChannelMix m, Tensor x, Tensor before) {
    Tensor k = before.mul(x.graph().use(m.lerpK)).add(x);
    return m.value.apply(m.key.apply(k).relu().sqr()); // [nEmbd, n]
  }

  @Override
  public LayerMemory memory(int il) {
    return LayerMemory.Recurrent.of(hp.nEmbd(), hp.nEmbd(), headSize * hp.nEmbd());
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
