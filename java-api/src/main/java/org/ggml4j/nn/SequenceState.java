package org.ggml4j.nn;

import java.util.List;
import org.ggml4j.ggml.Tensor;

/**
 * One of the vectors that a recurrent layer keeps of each sequence, as one graph sees it: what its
 * tokens so far have come to.
 */
public interface SequenceState {
  /**
   * Goes through the tokens of the batch.
   *
   * @param step computes one run of them
   * @param x each F32 [n, nTokens] of its own n, in rows without gaps
   * @return F32 [m, nTokens], what the steps gave
   */
  Tensor step(Step step, Tensor... x);

  /** Computes some tokens of some sequences. */
  @FunctionalInterface
  interface Step {
    /**
     * @param x F32 [n, run.nTokens, run.nSeq] of each n
     * @return F32 of m * run.nTokens * run.nSeq elements in this order, without gaps
     */
    Tensor apply(Run run, List<Tensor> x);
  }

  /** Equally many tokens of each of some sequences. */
  interface Run {
    /** Tokens of each sequence. */
    int nTokens();

    /** Number of sequences. */
    int nSeq();

    /** What the sequences have come to before: F32 [size, nSeq]. */
    Tensor previous();

    /** All states: F32 [size, nSlots]. */
    Tensor table();

    /** Where in the table the sequences' states are: I32 [nSeq]. */
    Tensor ids();

    /**
     * Stores what they have come to now.
     *
     * @param next F32 [size, nSeq] in any shape
     */
    void keep(Tensor next);
  }
}
