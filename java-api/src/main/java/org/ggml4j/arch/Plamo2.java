package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Activation;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.FeedForward;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.SelectiveScan;
import org.ggml4j.nn.SequenceState;
import org.ggml4j.nn.ShortConv;
import org.ggml4j.nn.StateSpace;
import org.ggml4j.nn.Weights;

/**
 * PLaMo 2: layers with a state space model, whose heads have one decay each but whose step lengths,
 * inputs and outputs follow from the convolution's result, take turns with layers of attention;
 * norms before and behind each part.
 *
 * <p>arXiv 2509.04897. GGUF architecture {@code plamo2}; llama.cpp's src/models/plamo2.cpp.
 */
final class Plamo2 implements Architecture.Decoder {
  private record Attention(Qkv attnQkv, RmsNorm attnQNorm, RmsNorm attnKNorm, Linear attnOutput) {}

  private record Mixer(
      Linear ssmIn,
      ShortConv ssmConv1d,
      Linear ssmX,
      RmsNorm ssmDtNorm,
      RmsNorm ssmBNorm,
      RmsNorm ssmCNorm,
      Linear ssmDt,
      SelectiveScan scan,
      Weight ssmD,
      Linear ssmOut) {}

  private record Block(
      int il,
      RmsNorm attnNorm,
      Optional<Attention> attention,
      Optional<Mixer> mixer,
      RmsNorm postAttentionNorm,
      RmsNorm ffnNorm,
      FeedForward ffn,
      RmsNorm postFfwNorm) {}

  private final Hparams hp;
  private final StateSpace size;
  private final int dtRank;
  private final Rope rope;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Plamo2(Hparams hp, Weights w) {
    this.hp = hp;
    size = hp.stateSpace();
    hp.require(size.nInner() % size.rank() == 0, "heads that do not divide ssm.inner_size");
    dtRank = Math.max(64, hp.nEmbd() / 16);
    rope = hp.rope(Style.HALVES, Optional.empty());
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    boolean recurrent = hp.nHeadKv(w.il()) == 0;
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        recurrent ? Optional.empty() : Optional.of(attention(w)),
        recurrent ? Optional.of(mixer(w)) : Optional.empty(),
        nameless("post_attention_norm", hp.nEmbd(), w),
        w.rmsNorm("ffn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.fusedFeedForward(Activation.SILU, hp.nEmbd(), hp.nFf()).withoutScales(),
        nameless("post_ffw_norm", hp.nEmbd(), w));
  }

  private Attention attention(Weights w) {
    return new Attention(
        hp.qkv(w).withoutScales(),
        normOfHeads("attn_q_norm", hp.nHead(w.il()), w),
        normOfHeads("attn_k_norm", hp.nHeadKv(w.il()), w),
        w.linear("attn_output", (long) hp.headDimV() * hp.nHead(w.il()), hp.nEmbd()));
  }

  private RmsNorm normOfHeads(String name, int nHead, Weights w) {
    Weight factors = w.table(name + ".weight", hp.headDim(), nHead);
    return new RmsNorm(factors, hp.normRmsEps(), name + "-" + w.il());
  }

  /** A norm whose tensor's name does not end in "weight". */
  private RmsNorm nameless(String name, int n, Weights w) {
    return new RmsNorm(w.vector(name, n), hp.normRmsEps(), name + "-" + w.il());
  }

  private Mixer mixer(Weights w) {
    int nHead = size.rank();
    return new Mixer(
        w.linear("ssm_in", hp.nEmbd(), 2L * size.nInner()).withoutScale(),
        w.shortConv("ssm_conv1d", size.nConv(), size.nInner()),
        w.linear("ssm_x", size.nInner(), dtRank + 2L * size.nState()),
        nameless("ssm_dt_norm", dtRank, w),
        nameless("ssm_b_norm", size.nState(), w),
        nameless("ssm_c_norm", size.nState(), w),
        w.linear("ssm_dt", dtRank, nHead),
        new SelectiveScan(w.vector("ssm_a", nHead), size.nState(), size.nInner() / nHead, nHead, 1),
        w.vector("ssm_d", nHead),
        w.linear("ssm_out", size.nInner(), hp.nEmbd()).withoutScale());
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor u = b.attnNorm.apply(x);
      Tensor y =
          b.mixer.isPresent()
              ? mixer(b.mixer.get(), u, kv.state(b.il, 0), kv.state(b.il, 1))
              : attention(b.attention.orElseThrow(), u, in, kv.layer(b.il));
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = b.postAttentionNorm.apply(y).add(x).named("attn_residual", b.il);
      Tensor f = b.ffn.apply(b.ffnNorm.apply(x));
      x = b.postFfwNorm.apply(f).add(x).named("ffn_residual", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor attention(Attention a, Tensor x, Inputs in, KvCache.Layer kv) {
    Qkv.Heads h = a.attnQkv.apply(x); // [headDim, nHead or nHeadKv, nTokens]
    Tensor q = rope.apply(a.attnQNorm.apply(h.q()), in);
    Tensor k = rope.apply(a.attnKNorm.apply(h.k()), in);
    float scale = (float) (1 / Math.sqrt(hp.headDimV()));
    return a.attnOutput.apply(kv.append(k, h.v()).attend(q, scale)); // [nEmbd, nTokens]
  }

  private Tensor mixer(Mixer m, Tensor u, SequenceState convState, SequenceState scanState) {
    int headDim = m.scan.headDim();
    int nHead = m.scan.nHead();
    int nState = size.nState();
    Tensor zx = m.ssmIn.apply(u).splitHeads(2L * headDim); // [2 headDim, nHead, nTokens]
    Tensor z = zx.columns(0, headDim).cont().mergeHeads();
    Tensor x = zx.columns(headDim, headDim).cont().mergeHeads(); // [nInner, nTokens]
    x = m.ssmConv1d.apply(x, convState).silu();
    Tensor bcdt = m.ssmX.apply(x); // [2 nState + dtRank, nTokens]
    Tensor b = m.ssmBNorm.apply(bcdt.columns(0, nState));
    Tensor c = m.ssmCNorm.apply(bcdt.columns(nState, nState));
    Tensor dt = m.ssmDt.apply(m.ssmDtNorm.apply(bcdt.columns(2L * nState, dtRank)));
    Tensor y = m.scan.apply(x, dt, b, c, scanState).splitHeads(headDim);
    Tensor d = u.graph().use(m.ssmD).reshape(1, nHead);
    y = y.add(x.splitHeads(headDim).mul(d)).mergeHeads(); // [nInner, nTokens]
    return m.ssmOut.apply(z.swiglu(y)); // [nEmbd, nTokens]
  }

  @Override
  public LayerMemory memory(int il) {
    Optional<Mixer> m = blocks.get(il).mixer;
    return m.isPresent()
        ? LayerMemory.Recurrent.of(m.get().ssmConv1d.stateSize(), m.get().scan.stateSize())
        : hp.attention(il, rope);
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
