package org.ggml4j.decode;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.ggml4j.sampling.Logits;

/**
 * A model on a clock of its own: a step over n tokens takes as long as a curve says. It has no
 * logits; the test picks the tokens.
 */
final class SimulatedSequence implements RewindableSequence {
  static final double MILLISECOND = 1e6;

  /** Reading the weights is nearly all, as on a graphics card. */
  static final IntToDoubleFunction FLAT = n -> 1 + 0.03 * (n - 1);

  /** As measured with matrix units in the CPU: two tokens cost nearly twice as much as one. */
  static final IntToDoubleFunction STEEP = n -> n == 1 ? 1 : 1.7 + 0.14 * n;

  /** Nothing is gained by batches. */
  static final IntToDoubleFunction LINEAR = n -> n;

  private final IntToDoubleFunction curve;
  private final double step;
  final List<Integer> tokens = new ArrayList<>();
  final List<Integer> steps = new ArrayList<>();
  double now;
  int row;
  int capacity = Integer.MAX_VALUE;

  /**
   * @param curve what a step over n tokens costs, in steps over one
   * @param milliseconds that a step over one takes
   */
  SimulatedSequence(IntToDoubleFunction curve, double milliseconds) {
    this.curve = curve;
    step = milliseconds * MILLISECOND;
  }

  private void add(int token) {
    tokens.add(token);
  }

  @Override
  public void append(int... appended) {
    for (int token : appended) {
      add(token);
    }
    steps.add(appended.length);
    now += step * (appended.length == 1 ? curve.applyAsDouble(1) : 0.1 * appended.length);
  }

  @Override
  public void appendEach(int[] appended, int n) {
    for (int i = 0; i < n; i++) {
      add(appended[i]);
    }
    steps.add(n);
    row = 0;
    now += step * curve.applyAsDouble(n);
  }

  @Override
  public void selectRow(int selected) {
    row = selected;
  }

  @Override
  public void dropLast(int n) {
    tokens.subList(tokens.size() - n, tokens.size()).clear();
  }

  @Override
  public void readLogits(Logits to) {}

  @Override
  public int room() {
    return capacity - tokens.size();
  }

  @Override
  public int maxBatch() {
    return 512;
  }

  long clock() {
    return (long) now;
  }
}
