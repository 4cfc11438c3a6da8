package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rwkv6Mix;
import org.ggml4j.nn.SequenceState;
import org.ggml4j.nn.TokenShift;
import org.ggml4j.nn.Weights;

/**
 * QRWKV-6: Qwen 2 with RWKV-6's mixtures and a gated linear attention in the place of attention.
 *
 * <p>arXiv 2505.03005 (RADLADS), for the recurrence 2404.05892. GGUF architecture {@code
 * rwkv6qwen2}; llama.cpp's src/models/rwkv6qwen2.cpp and rwkv6-base.cpp.
 */
final class Rwkv6Qwen2 implements Architecture.Decoder {
  private record TimeMix(
      Rwkv6Mix mix, Linear key, Linear value, Linear receptance, Linear gate, Linear output) {}

  private record Block(
      int il, RmsNorm attnNorm, TimeMix timeMix, RmsNorm ffnNorm, FeedForward ffn) {}

  private final Hparams hp;
  private final int headSize;
  private final int nHead;
  private final int nHeadKv;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Rwkv6Qwen2(Hparams hp, Weights w) {
    this.hp = hp;
    headSize = hp.keys().size("wkv.head_size");
    hp.require(hp.nEmbd() % headSize == 0, "heads that do not divide the embedding length");
    hp.require(hp.keys().size("token_shift_count", 2) == 1, "another token_shift_count than 1");
    hp.require(hp.keys().size("rescale_every_n_layers", 0) == 0, "rescale_every_n_layers");
    nHead = hp.nEmbd() / headSize;
    nHeadKv = hp.nHeadKv(0) == 0 ? nHead : hp.nHeadKv(0);
    hp.require(nHead % nHeadKv == 0, "key heads that do not divide the heads");
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

  private TimeMix timeMix(Weights w) {
    int n = hp.nEmbd();
    int rank = hp.keys().size("time_mix_extra_dim");
    return new TimeMix(
        Rwkv6Mix.of(w, n, rank, hp.keys().size("time_decay_extra_dim")),
        w.linear("time_mix_key", n, (long) headSize * nHeadKv),
        w.linear("time_mix_value", n, (long) headSize * nHeadKv),
        w.linear("time_mix_receptance", n, n),
        w.linear("time_mix_gate", n, n),
        w.linear("time_mix_output", n, n));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor before = TokenShift.of(u, kv.state(b.il, 0)).sub(u);
      Tensor y = timeMix(b.timeMix, u, before, kv.state(b.il, 1));
      x = y.add(x).named("ffn_inp", b.il);
      x = b.il == blocks.size() - 1 ? in.selectOutputs(x) : x; // [nEmbd, nOutputs]
      x = b.ffn.apply(b.ffnNorm.apply(x)).add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor timeMix(TimeMix m, Tensor x, Tensor before, SequenceState state) {
    Rwkv6Mix.Mixed mixed = m.mix.apply(x, before);
    Tensor r = m.receptance.apply(mixed.r()); // [nEmbd, nTokens]
    Tensor k = grouped(m.key.apply(mixed.k()));
    Tensor v = grouped(m.value.apply(mixed.v()));
    Tensor w = m.mix.decays(mixed.w());
    Tensor y = recurrence(state, k.sub(k.mul(w)), v, r, w);
    return m.output.apply(y.mul(m.gate.apply(mixed.g()).sigmoid())); // [nEmbd, nTokens]
  }

  /** Each key head for all heads of its group: F32 [nEmbd, nTokens]. */
  private Tensor grouped(Tensor x) {
    long n = x.ne(1);
    return nHeadKv == nHead
        ? x
        : x.reshape(headSize, 1, nHeadKv, n)
            .repeat(headSize, nHead / nHeadKv, nHeadKv, n)
            .reshape(hp.nEmbd(), n);
  }

  private Tensor recurrence(SequenceState state, Tensor... kvrw) {
    float scale = (float) (1 / Math.sqrt(headSize));
    return state.step(
        (run, in) -> {
          long n = (long) run.nTokens() * run.nSeq();
          List<Tensor> h = in.stream().map(x -> x.reshape(headSize, nHead, n)).toList();
          Tensor y = run.previous().gatedLinearAttn(h.get(0), h.get(1), h.get(2), h.get(3), scale);
          long size = (long) headSize * hp.nEmbd() * run.nSeq();
          run.keep(y.view1d(size, 4 * n * hp.nEmbd()));
          return y.view1d(n * hp.nEmbd(), 0);
        },
        kvrw);
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
