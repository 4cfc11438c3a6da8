package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.LayerNorm;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Rwkv6Mix;
import org.ggml4j.nn.SequenceState;
import org.ggml4j.nn.TokenShift;
import org.ggml4j.nn.Weights;

/**
 * RWKV-6 "Finch": no attention, but in each layer a matrix for each head, of keys and values, that
 * decays at rates which depend on the tokens; all that goes into it is mixed of a token and the one
 * before.
 *
 * <p>arXiv 2404.05892. GGUF architecture {@code rwkv6}; llama.cpp's src/models/rwkv6.cpp and
 * rwkv6-base.cpp.
 */
final class Rwkv6 implements Architecture.Decoder {
  private record TimeMix(
      Rwkv6Mix mix,
      Weight first,
      Linear key,
      Linear value,
      Linear receptance,
      Linear gate,
      LayerNorm ln,
      Linear output) {}

  private record ChannelMix(
      Weight lerpK, Weight lerpR, Linear key, Linear value, Linear receptance) {}

  private record Block(
      int il, LayerNorm attnNorm, TimeMix timeMix, LayerNorm attnNorm2, ChannelMix channelMix) {}

  private final Hparams hp;
  private final int headSize;
  private final int nHead;
  private final int rescaleEvery;
  private final Embedding tokenEmbd;
  private final LayerNorm tokenEmbdNorm;
  private final List<Block> blocks;
  private final LayerNorm outputNorm;
  private final Linear output;

  Rwkv6(Hparams hp, Weights w) {
    this.hp = hp;
    headSize = hp.keys().size("wkv.head_size");
    hp.require(hp.nEmbd() % headSize == 0, "heads that do not divide the embedding length");
    hp.require(hp.keys().size("token_shift_count", 2) == 2, "another token_shift_count than 2");
    nHead = hp.nEmbd() / headSize;
    rescaleEvery = hp.keys().size("rescale_every_n_layers", 0);
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
    int rank = hp.keys().size("time_mix_extra_dim");
    return new TimeMix(
        Rwkv6Mix.of(w, n, rank, hp.keys().size("time_decay_extra_dim")),
        w.table("time_mix_first.weight", headSize, nHead),
        w.linear("time_mix_key", n, n),
        w.linear("time_mix_value", n, n),
        w.linear("time_mix_receptance", n, n),
        w.linear("time_mix_gate", n, n),
        w.layerNorm("time_mix_ln", n, 64e-5f),
        w.linear("time_mix_output", n, n));
  }

  private ChannelMix channelMix(Weights w) {
    int n = hp.nEmbd();
    return new ChannelMix(
        w.table("channel_mix_lerp_k.weight", n, 1, 1),
        w.table("channel_mix_lerp_r.weight", n, 1, 1),
        w.linear("channel_mix_key", n, hp.nFf()),
        w.linear("channel_mix_value", hp.nFf(), n),
        w.linear("channel_mix_receptance", n, n));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbdNorm.apply(tokenEmbd.apply(in.tokens())); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor before = TokenShift.of(u, kv.state(b.il, 0)).sub(u);
      x = timeMix(b.timeMix, u, before, kv.state(b.il, 2)).add(x).named("ffn_inp", b.il);
      u = b.attnNorm2.apply(x);
      before = TokenShift.of(u, kv.state(b.il, 1)).sub(u);
      if (b.il == blocks.size() - 1) {
        u = in.selectOutputs(u); // [nEmbd, nOutputs]
        before = in.selectOutputs(before);
        x = in.selectOutputs(x);
      }
      x = channelMix(b.channelMix, u, before).add(x);
      x = isRescaled(b.il) ? x.scale(0.5f) : x; // the weights of later layers are, too
      x = x.named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private boolean isRescaled(int il) {
    return rescaleEvery > 0 && (il + 1) % rescaleEvery == 0;
  }

  private Tensor timeMix(TimeMix m, Tensor x, Tensor before, SequenceState state) {
    Rwkv6Mix.Mixed mixed = m.mix.apply(x, before);
    Tensor r = m.receptance.apply(mixed.r()); // [nEmbd, nTokens]
    Tensor k = m.key.apply(mixed.k());
    Tensor v = m.value.apply(mixed.v());
    Tensor g = m.gate.apply(mixed.g()).silu();
    Tensor y = recurrence(state, m.first, k, v, r, m.mix.decays(mixed.w()));
    y = y.splitHeads(headSize).norm(m.ln.eps()).mergeHeads().affine(m.ln.weight(), m.ln.bias());
    return m.output.apply(y.mul(g)); // [nEmbd, nTokens]
  }

  private Tensor recurrence(SequenceState state, Weight first, Tensor... kvrw) {
    return state.step(
        (run, in) -> {
          long n = (long) run.nTokens() * run.nSeq();
          List<Tensor> h = in.stream().map(x -> x.reshape(headSize, nHead, n)).toList();
          Tensor f = kvrw[0].graph().use(first);
          Tensor y = run.previous().rwkvWkv6(h.get(0), h.get(1), h.get(2), f, h.get(3));
          long size = (long) headSize * hp.nEmbd() * run.nSeq();
          run.keep(y.view1d(size, 4 * n * hp.nEmbd()));
          return y.view1d(n * hp.nEmbd(), 0);
        },
        kvrw);
  }

  private static Tensor channelMix(ChannelMix m, Tensor x, Tensor before) {
    Tensor r = m.receptance.apply(before.mul(x.graph().use(m.lerpR)).add(x)).sigmoid();
    Tensor k = m.key.apply(before.mul(x.graph().use(m.lerpK)).add(x)).relu().sqr();
    return r.mul(m.value.apply(k)); // [nEmbd, n]
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
