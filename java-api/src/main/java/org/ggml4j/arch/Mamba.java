package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.SelectiveScan;
import org.ggml4j.nn.SequenceState;
import org.ggml4j.nn.ShortConv;
import org.ggml4j.nn.Weights;

/**
 * Mamba: no attention and no feed-forward network, but in each layer a short convolution and a
 * state space model whose step length, input and output follow from the token. With {@code
 * ssm.dt_b_c_rms} these three are normalised (Falcon Mamba).
 *
 * <p>arXiv 2312.00752 and 2410.05355. GGUF architecture {@code mamba}; llama.cpp's
 * src/models/mamba.cpp and mamba-base.cpp.
 */
final class Mamba implements Architecture.Decoder {
  private record Block(
      int il,
      RmsNorm attnNorm,
      Linear ssmIn,
      ShortConv ssmConv1d,
      Linear ssmX,
      Linear ssmDt,
      SelectiveScan scan,
      Weight ssmD,
      Linear ssmOut) {}

  private final Hparams hp;
  private final int nInner;
  private final int nState;
  private final int dtRank;
  private final boolean normalised;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Mamba(Hparams hp, Weights w) {
    this.hp = hp;
    nInner = hp.keys().size("ssm.inner_size");
    nState = hp.keys().size("ssm.state_size");
    dtRank = hp.keys().size("ssm.time_step_rank");
    normalised = hp.keys().flag("ssm.dt_b_c_rms", false);
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        w.linear("ssm_in", hp.nEmbd(), 2L * nInner),
        w.shortConv("ssm_conv1d", hp.keys().size("ssm.conv_kernel"), nInner),
        w.linear("ssm_x", nInner, dtRank + 2L * nState),
        w.linear("ssm_dt", dtRank, nInner),
        new SelectiveScan(w.table("ssm_a", nState, nInner), nState, 1, nInner, 1),
        w.vector("ssm_d", nInner),
        w.linear("ssm_out", nInner, hp.nEmbd()));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor y = mixer(b, b.attnNorm.apply(x), kv);
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  private Tensor mixer(Block b, Tensor u, KvCache kv) {
    SequenceState convState = kv.state(b.il, 0);
    SequenceState scanState = kv.state(b.il, 1);
    Tensor xz = b.ssmIn.apply(u); // [2 nInner, nTokens]
    Tensor z = xz.columns(nInner, nInner).cont();
    Tensor x = b.ssmConv1d.apply(xz.columns(0, nInner), convState).silu(); // [nInner, nTokens]
    Tensor dbc = b.ssmX.apply(x); // [dtRank + 2 nState, nTokens]
    Tensor dt = normal(dbc.columns(0, dtRank).cont());
    Tensor bIn = normal(dbc.columns(dtRank, nState));
    Tensor cOut = normal(dbc.columns(dtRank + nState, nState));
    Tensor y = b.scan.apply(x, b.ssmDt.apply(dt), bIn, cOut, scanState); // [nInner, nTokens]
    y = y.add(x.mul(x.graph().use(b.ssmD)));
    return b.ssmOut.apply(z.swiglu(y)); // [nEmbd, nTokens]
  }

  private Tensor normal(Tensor x) {
    return normalised ? x.rmsNorm(hp.normRmsEps()) : x;
  }

  @Override
  public LayerMemory memory(int il) {
    Block b = blocks.get(il);
    return LayerMemory.Recurrent.of(b.ssmConv1d.stateSize(), b.scan.stateSize());
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
