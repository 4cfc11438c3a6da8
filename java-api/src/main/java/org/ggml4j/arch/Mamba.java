package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.MambaMixer;
import org.ggml4j.nn.RmsNorm;
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
  private record Block(int il, RmsNorm attnNorm, MambaMixer mixer) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Mamba(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    boolean normalised = hp.keys().flag("ssm.dt_b_c_rms", false);
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        MambaMixer.of(
            w,
            hp.stateSpace(),
            MambaMixer.Norms.all(x -> normalised ? x.rmsNorm(hp.normRmsEps()) : x)));
  }

  @Override
  public Tensor forward(Inputs in, KvCache kv) {
    Tensor x = tokenEmbd.apply(in.tokens()); // [nEmbd, nTokens]
    for (Block b : blocks) {
      Tensor y = b.mixer.apply(b.attnNorm.apply(x), kv, b.il);
      if (b.il == blocks.size() - 1) {
        y = in.selectOutputs(y); // [nEmbd, nOutputs]
        x = in.selectOutputs(x);
      }
      x = y.add(x).named("l_out", b.il);
    }
    return output.apply(outputNorm.apply(x)).named("result_output"); // [nVocab, nOutputs]
  }

  @Override
  public LayerMemory memory(int il) {
    return blocks.get(il).mixer.memory();
  }

  @Override
  public boolean canShift() {
    return false;
  }
}
