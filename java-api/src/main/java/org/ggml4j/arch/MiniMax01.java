package org.ggml4j.arch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.SequenceState;
import org.ggml4j.nn.Weights;

/**
 * MiniMax-Text-01: seven of eight layers have lightning attention, which is linear and decays at a
 * rate of each head and layer, the eighth the usual one; experts. What is added to is not what went
 * into a layer but its norm.
 *
 * <p>arXiv 2501.08313, for the attention 2401.04658. GGUF architecture {@code minimax-01};
 * llama.cpp's src/models/minimax-01.cpp.
 */
final class MiniMax01 implements Architecture.Decoder {
  private record Lightning(Linear attnQkv, RmsNorm attnNorm2, Linear attnGate) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Qkv> attnQkv,
      Optional<Lightning> lightning,
      Linear attnOutput,
      RmsNorm ffnNorm,
      Moe moe) {}

  private final Hparams hp;
  private final boolean[] recurrent;
  private final float residualScale;
  private final Rope rope;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  MiniMax01(Hparams hp, Weights w) {
    this.hp = hp;
    hp.require(hp.headDim() == hp.headDimV(), "heads of keys and values of different sizes");
    recurrent = hp.recurrentLayers(8);
    residualScale = hp.keys().number("residual_scale");
    rope = hp.rope(Style.HALVES, Optional.empty());
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    boolean linear = recurrent[w.il()];
    Linear attnOutput = w.linear("attn_output", hp.nEmbdQ(), hp.nEmbd()).withoutBias();
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        linear ? Optional.empty() : Optional.of(hp.qkv(w)),
        linear ? Optional.of(lightning(w)) : Optional.empty(),
        linear ? attnOutput.withoutScale() : attnOutput,
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        moe(w));
  }

  private Lightning lightning(Weights w) {
    return new Lightning(
        w.linear("attn_qkv", hp.nEmbd(), 3L * hp.nEmbdQ()).withoutScale().withoutBias(),
        w.rmsNorm("attn_norm_2", hp.nEmbdQ(), hp.normRmsEps()),
        w.linear("attn_gate", hp.nEmbd(), hp.nEmbdQ()).withoutScale());
  }

  private Moe moe(Weights w) {
    Moe.Routing routing = hp.routing(Moe.Gating.SOFTMAX, true);
    return w.moe(Activation.SILU, routing, true, hp.nEmbd(), hp.nFf(), hp.nExpert())
        .withoutScales();
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    Tensor slopes = in.add("slopes", GgmlType.F32, (to, batch, s) -> fill(to, s), 1, hp.nHead());
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.lightning.isPresent()
              ? lightning(b.lightning.get(), u, decays(slopes, b.il), kv.state(b.il, 0))
              : attention(b.attnQkv.orElseThrow(), u, in, kv.layer(b.il));
      y = b.attnOutput.apply(y).named("attn_out", b.il); // [nEmbd, nTokens]
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        u = in.selectOutputs(u);
      }
      u = b.ffnNorm.apply(y.add(u.scale(residualScale)).named("ffn_inp", b.il));
      x = b.moe.apply(u).add(u.scale(residualScale)).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  /** Slopes of the heads as ALiBi's, from which the decays come. */
  private void fill(Tensor to, Inputs.Scratch scratch) {
    int n = hp.nHead();
    double start = Math.pow(2, -Math.pow(2, -(Math.log(n) / Math.log(2) - 3)));
    MemorySegment memory = scratch.atLeast(4L * n);
    for (int i = 0; i < n; i++) {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.pow(start, i + 1));
    }
    to.set(memory, 0, 4L * n);
  }

  /** What is left of a state after a token: F32 [1, nHead]. Later layers forget more slowly. */
  private Tensor decays(Tensor slopes, int il) {
    float factor = (float) (1 - (double) il / Math.max(1, hp.nLayer() - 1) + 1e-5);
    return slopes.scale(-factor).exp();
  }

  private Tensor lightning(Lightning l, Tensor x, Tensor decays, SequenceState state) {
    int n = hp.headDim();
    Tensor all = l.attnQkv.apply(x).silu().splitHeads(3L * n); // [3 * headDim, nHead, nTokens]
    Tensor q = all.columns(0, n).cont().mergeHeads(); // [nEmbdQ, nTokens]
    Tensor k = all.columns(n, n).cont();
    Tensor v = all.columns(2L * n, n).cont().mergeHeads();
    Tensor g = k.fill(1).mul(decays).mergeHeads();
    Tensor y = recurrence(state, k.mergeHeads(), v, q, g);
    return l.attnNorm2.apply(y).mul(l.attnGate.apply(x).sigmoid());
  }

  private Tensor recurrence(SequenceState state, Tensor... kvqg) {
    int size = hp.headDim();
    return state.step(
        (run, in) -> {
          long n = (long) run.nTokens() * run.nSeq();
          List<Tensor> h = in.stream().map(t -> t.reshape(size, hp.nHead(), n)).toList();
          Tensor y = run.previous().gatedLinearAttn(h.get(0), h.get(1), h.get(2), h.get(3), 1);
          run.keep(y.view1d((long) size * hp.nEmbdQ() * run.nSeq(), 4 * n * hp.nEmbdQ()));
          return y.view1d(n * hp.nEmbdQ(), 0);
        },
        kvqg);
  }

  private Tensor attention(Qkv attnQkv, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor k = rope.apply(h.k(), in);
    return kv.append(k, h.v()).attend(rope.apply(h.q(), in), hp.attnScale()); // [nEmbdQ, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    return recurrent[il]
        ? LayerMemory.Recurrent.of(hp.headDim() * hp.nEmbdQ())
        : hp.attention(il, rope);
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
