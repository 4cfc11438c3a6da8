package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Classifier;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.KvCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Linear;
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

    /** Whether attention can be computed as one operation. */
    default boolean canFlash() {
      return true;
    }
  }

  /** Writes a text while it looks at another one, the source, such as one to be translated. */
  interface EncoderDecoder extends Decoder {
    /** What turns the source into the states that {@link Inputs#source} gives. */
    Encoder encoder();

    /** The token that a text begins with. */
    int decoderStart();
  }

  /** Turns a text into a vector for each token, of which those behind it are part too. */
  interface Encoder extends Architecture {
    /**
     * Appends the model to the graph of {@code in}.
     *
     * @param kv attention among the tokens of the batch; nothing is kept
     * @return F32 [nEmbd, nOutputs], the last hidden states
     */
    Tensor forward(Inputs in, KvCache kv);

    /** The window of layer {@code il}, if it does not look at everything; nothing is kept. */
    LayerMemory memory(int il);

    /** Whether a token looks at those before it only, all the same. */
    default boolean isCausal() {
      return false;
    }
  }

  /** What gives scores of classes, if the file has it. */
  default Optional<Classifier> classifier() {
    return Optional.empty();
  }

  /** Products that are applied to the vector of a text, one after the other. */
  default List<Linear> projections() {
    return List.of();
  }

  /** Makes an architecture from a file's hyper-parameters and weights. */
  @FunctionalInterface
  interface Factory {
    /**
     * @throws org.ggml4j.gguf.UnsupportedModelException for a variant that is not implemented
     */
    Architecture create(Hparams hparams, Weights weights);
  }
}
