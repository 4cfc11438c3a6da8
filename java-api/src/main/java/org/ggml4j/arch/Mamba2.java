package org.ggml4j.arch;

import java.util.List;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Embedding;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
import org.ggml4j.nn.Mamba2Mixer;
import org.ggml4j.nn.RmsNorm;
import org.ggml4j.nn.Weights;

/**
 * Mamba-2: as Mamba, with heads that have one decay each, and a norm behind the gate.
 *
 * <p>arXiv 2405.21060. GGUF architecture {@code mamba2}; llama.cpp's src/models/mamba2.cpp and
 * mamba-base.cpp.
 */
final class Mamba2 implements Architecture.Decoder {
  private record Block(int il, RmsNorm attnNorm, Mamba2Mixer mixer) {}

  private final Hparams hp;
  private final Embedding tokenEmbd;
  private final List<Block> blocks;
  private final RmsNorm outputNorm;
  private final Linear output;

  Mamba2(Hparams hp, Weights w) {
    this.hp = hp;
    tokenEmbd = w.embedding("token_embd", hp.nEmbd(), hp.nVocab());
    blocks = w.blocks(hp.nLayer(), this::block);
    outputNorm = w.rmsNorm("output_norm", hp.nEmbd(), hp.normRmsEps());
    output = w.outputOrTied("output", tokenEmbd);
  }

  private Block block(Weights w) {
    return new Block(
        w.il(),
        w.rmsNorm("attn_norm", hp.nEmbd(), hp.normRmsEps()),
        Mamba2Mixer.of(w, hp.stateSpaceWithHeads(), hp.normRmsEps()));
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
