package org.ggml4j.decode;

/** A sequence that can try tokens: it gives the logits after each and forgets the last ones. */
public interface RewindableSequence extends Sequence {
  /**
   * Evaluates the first {@code n} tokens of {@code tokens} as one batch; the first of them is
   * selected as by {@link #selectRow}.
   *
   * @param n at most {@link #maxBatch()} and at most {@link #room()}
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; nothing was changed
   */
  void appendEach(int[] tokens, int n);

  /**
   * Lets {@link #readLogits} give the logits after one of the tokens of the last {@link
   * #appendEach}.
   *
   * @param row 0 to n - 1
   */
  void selectRow(int row);

  /** Forgets the last {@code n} tokens. */
  void dropLast(int n);

  /** Tokens that one batch can have. */
  int maxBatch();
}
