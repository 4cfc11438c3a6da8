package org.ggml4j.decode;

/**
 * How often drafted tokens were right, by how sure their drafter was: turns its confidence into a
 * probability. What was seen long ago counts less, so it follows a text that changes.
 */
final class Calibration {
  /** Share of the weight that what is known keeps with each new observation of the same kind. */
  private static final double MEMORY = 0.97;

  /** Weight of the drafter's own word, in observations. */
  private static final double TRUST = 4;

  /** Classes of confidence: two for each doubling of the odds, from 1/64 to 256. */
  private static final int LOWEST = -12;

  private static final int CLASSES = 29;

  private final double[] right = new double[CLASSES];
  private final double[] seen = new double[CLASSES];

  /** The probability that a token is right of which its drafter is this sure. */
  double probability(double confidence) {
    int c = classOf(confidence);
    return (right[c] + TRUST * confidence) / (seen[c] + TRUST);
  }

  /** Takes note of what became of a token. */
  void record(double confidence, boolean wasRight) {
    int c = classOf(confidence);
    right[c] = MEMORY * right[c] + (wasRight ? 1 : 0);
    seen[c] = MEMORY * seen[c] + 1;
  }

  private static int classOf(double confidence) {
    double odds = confidence / (1 - confidence); // infinite for certainty
    double steps = Math.rint(2 * Math.log(odds) / Math.log(2));
    return (int) Math.max(0, Math.min(CLASSES - 1, steps - LOWEST));
  }
}
