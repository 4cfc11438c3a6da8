package org.ggml4j.arch;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Weights;

/**
 * A kind of model: which weights it has, and what is computed from them.
 *
 * <p>The constructor of an implementation is the weight map. {@code forward} only describes the
 * computation, once for many tokens; it runs later. An instance is immutable and is shared by all
 * sessions of a model.
 */
public interface Architecture {
  /** Generates a text token by token, each looking at those before it. */
  interface Decoder extends Architecture {
    /**
     * Appends the model to the graph of {@code in}.
     *
     * @return F32 [nVocab, nOutputs], the logits
     */
    Tensor forward(Inputs in, KvCache kv);

    /** What layer {@code il} keeps of the tokens before. */
    LayerMemory memory(int il);

    /**
     * Whether tokens can be moved to other positions: not if what is kept of them depends on where
     * they were, as with learned positions.
     */
    default boolean canShift() {
      return true;
    }
  }

  /** Makes an architecture from a file's hyper-parameters and weights. */
  @FunctionalInterface
  interface Factory {
    /**
     * @throws org.ggml4j.gguf.UnsupportedModelException for a variant that is not implemented
     */
    Decoder create(Hparams hparams, Weights weights);
  }
}
