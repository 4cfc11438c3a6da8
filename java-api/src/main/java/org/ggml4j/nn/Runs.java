package org.ggml4j.nn;

import java.util.List;

/**
 * How a batch is cut up for layers that go through a text token by token. Such layers work on
 * sequences of equally many tokens at once: a run. Usually a batch is one run, of one text or of
 * one token of each of many.
 *
 * @param runs one after the other
 * @param inOrder whether the batch has its tokens in the order of the runs
 * @param nSlots rows of the tables of states
 */
public record Runs(List<Run> runs, boolean inOrder, int nSlots) {
  /** Of a model without such layers. */
  public static final Runs NONE = new Runs(List.of(), true, 0);

  /**
   * @param nTokens of each sequence
   * @param nSeq number of sequences
   */
  public record Run(int nTokens, int nSeq) {}

  public Runs {
    runs = List.copyOf(runs);
  }

  /** A number that tells graphs of different nodes apart. */
  public int topology() {
    return 2 * runs.size() + (inOrder ? 1 : 0);
  }
}
