package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * Where the attention layers of one graph put their keys and values, and read those of earlier
 * tokens.
 */
public interface KvCache {
  /** The part that belongs to layer {@code il}. */
  Layer layer(int il);

  /**
   * What recurrent layer {@code il} keeps of each sequence.
   *
   * @param part which of its vectors, as {@link LayerMemory.Recurrent} lists them
   * @throws UnsupportedModelException if no states are kept
   */
  default SequenceState state(int il, int part) {
    throw new UnsupportedModelException("recurrent layers can't be trained: layer " + il);
  }

  /** Keys and values of one layer. */
  interface Layer {
    /**
     * Stores the keys and values of this batch's tokens, and only then lets them be read.
     *
     * @param k F32 [headDim, nHeadKv, nTokens]
     * @param v F32 [headDimV, nHeadKv, nTokens]
     */
    Stored append(Tensor k, Tensor v);

    /** What is stored already, for a layer that uses another one's: {@link LayerMemory.Shared}. */
    Stored stored();
  }

  /** Keys and values of this batch's tokens and of all earlier ones that they may look at. */
  interface Stored {
    /**
     * @param q F32 [headDim, nHead, nTokens]
     * @return F32 [headDimV * nHead, nTokens]
     */
    Tensor attend(Tensor q, Scores scores);

    /**
     * @param q F32 [headDim, nHead, nTokens]
     * @param scale factor of the products, usually {@code 1 / sqrt(headDim)}
     * @return F32 [headDimV * nHead, nTokens]
     */
    default Tensor attend(Tensor q, float scale) {
      return attend(q, Scores.scaled(scale));
    }
  }
}
