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
import org.ggml4j.nn.SequenceState;
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
  /** A sum of a vector and of a product of low rank. */
  private record LowRank(Optional<Weight> base, Linear down, Linear up) {}

  private record TimeMix(
      Weight lerpFused, // how much of the token before goes into r, w, k, v, a and g
      LowRank w,
      LowRank a,
      LowRank v,
      LowRank g,
      Weight kK,
      Weight kA,
      Weight rK,
      Linear key,
      Linear value,
      Linear receptance,
      LayerNorm ln,
      Linear output) {}

  private record ChannelMix(Weight lerpK, Linear key, Linear value) {}

  private record Block(
      int il, LayerNorm attnNorm, TimeMix timeMix, LayerNorm attnNorm2, ChannelMix channelMix) {}

  private static final float DECAY = -0.606531f; // minus exp(-0.5)

  private final Hparams hp;
  private final int headSize;
  private final int nHead;
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
    nHead = hp.nEmbd() / headSize;
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

  private TimeMix timeMix(Weights w) {
    int n = hp.nEmbd();
    Keys keys = hp.keys();
    int rankA = keys.size("attention.iclr_lora_rank");
    int rankV = w.il() == 0 ? rankA : keys.size("attention.value_residual_mix_lora_rank");
    return new TimeMix(
        w.table("time_mix_lerp_fused.weight", n, 1, 1, 6),
        lowRank("w", keys.size("attention.decay_lora_rank"), w),
        lowRank("a", rankA, w),
        lowRank("v", rankV, w), // that of the first layer is not used
        new LowRank(
            Optional.empty(),
            w.linear("time_mix_g1", n, keys.size("attention.gate_lora_rank")),
            w.linear("time_mix_g2", keys.size("attention.gate_lora_rank"), n)),
        w.vector("time_mix_k_k.weight", n),
        w.vector("time_mix_k_a.weight", n),
        w.vector("time_mix_r_k.weight", n),
        w.linear("time_mix_key", n, n),
        w.linear("time_mix_value", n, n),
        w.linear("time_mix_receptance", n, n),
        w.layerNorm("time_mix_ln", n, 64e-5f),
        w.linear("time_mix_output", n, n));
  }

  private LowRank lowRank(String name, int rank, Weights w) {
    String prefix = "time_mix_" + name;
    return new LowRank(
        Optional.of(w.vector(prefix + "0.weight", hp.nEmbd())),
        w.linear(prefix + "1", hp.nEmbd(), rank),
        w.linear(prefix + "2", rank, hp.nEmbd()));
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
      Tensor v = value(b.timeMix, lerp(b.timeMix, 3, u, before), firstValue);
      firstValue = firstValue.or(() -> Optional.of(v));
      x = timeMix(b.timeMix, u, before, v, kv.state(b.il, 2)).add(x).named("ffn_inp", b.il);
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

  private Tensor lerp(TimeMix m, int i, Tensor x, Tensor before) {
    Tensor factors = x.graph().use(m.lerpFused).view1d(hp.nEmbd(), 4L * hp.nEmbd() * i);
    return before.mul(factors).add(x);
  }

  /** Values, mixed with those of the first layer. */
  private static Tensor value(TimeMix m, Tensor x, Optional<Tensor> firstValue) {
    Tensor v = m.value.apply(x);
    return firstValue.isEmpty()
        ? v
        : v.add(firstValue.get().sub(v).mul(based(m.v, m.v.up.apply(m.v.down.apply(x))).sigmoid()));
  }

  private static Tensor based(LowRank l, Tensor product) {
    return product.add(product.graph().use(l.base.orElseThrow()));
  }

  private Tensor timeMix(TimeMix m, Tensor x, Tensor before, Tensor v, SequenceState state) {
    Tensor r = m.receptance.apply(lerp(m, 0, x, before)); // [nEmbd, nTokens]
    Tensor w = m.w.up.apply(m.w.down.apply(lerp(m, 1, x, before)).tanh());
    w = based(m.w, w).sigmoid().scale(DECAY).exp();
    Tensor k = m.key.apply(lerp(m, 2, x, before));
    Tensor a = based(m.a, m.a.up.apply(m.a.down.apply(lerp(m, 4, x, before)))).sigmoid();
    Tensor g = m.g.up.apply(m.g.down.apply(lerp(m, 5, x, before)).sigmoid());
    Tensor removed = k.mul(x.graph().use(m.kK)).splitHeads(headSize).l2Norm(1e-12f).mergeHeads();
    Tensor ka = k.mul(x.graph().use(m.kA));
    k = k.add(a.mul(ka).sub(ka));
    Tensor y = recurrence(state, r, w, k, v, removed.neg(), removed.mul(a));
    y = y.splitHeads(headSize).norm(m.ln.eps()).mergeHeads().affine(m.ln.weight(), m.ln.bias());
    Tensor rK = x.graph().use(m.rK).reshape(headSize, nHead);
    Tensor bonus = k.mul(r).splitHeads(headSize).mul(rK).sumRows(); // [1, nHead, nTokens]
    y = y.add(v.splitHeads(headSize).mul(bonus).mergeHeads());
    return m.output.apply(y.mul(g)); // [nEmbd, nTokens]
  }

  private Tensor recurrence(SequenceState state, Tensor... rwkvab) {
    return state.step(
        (run, in) -> {
          long n = (long) run.nTokens() * run.nSeq();
          List<Tensor> h = in.stream().map(x -> x.reshape(headSize, nHead, n)).toList();
          Tensor y =
              run.previous().rwkvWkv7(h.get(0), h.get(1), h.get(2), h.get(3), h.get(4), h.get(5));
          long size = (long) headSize * hp.nEmbd() * run.nSeq();
          run.keep(y.view1d(size, 4 * n * hp.nEmbd()));
          return y.view1d(n * hp.nEmbd(), 0);
        },
        rwkvab);
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
