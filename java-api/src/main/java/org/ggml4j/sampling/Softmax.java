package org.ggml4j.sampling;

/**
 * The highest of some logits and the sum of e^(logit - highest): what probabilities need. Computed
 * when first asked for, kept until the logits change.
 */
final class Softmax {
  private boolean known;
  private float max;
  private double sum;
  private float[] exponentials = new float[0];

  /** Says that the logits have changed. */
  void forget() {
    known = false;
  }

  /**
   * Computes the sums over the first n logits, unless they are known.
   *
   * @param tokens the token of each logit, or an empty array where token i has logit i
   * @throws InvalidLogitsException if a logit is NaN or +infinity, or all of them are -infinity
   */
  void over(float[] logits, int n, int[] tokens) {
    if (known) {
      return;
    }
    max = logits[argMax(logits, n, tokens)];
    if (exponentials.length < n) {
      exponentials = new float[logits.length];
    }
    Exponential.exp(logits, max, exponentials, n);
    sum = Exponential.sum(exponentials, n);
    known = true;
  }

  double probability(float logit) {
    return exponentialOf(logit) / sum;
  }

  double logProbability(float logit) {
    // StrictMath: the logarithm is once per step, and its bits are then the same everywhere.
    return Math.min(0, (double) logit - max - StrictMath.log(sum));
  }

  /** e^(logit - max) of candidate i of the last {@link #over}. */
  float exponential(int i) {
    return exponentials[i];
  }

  /** e^(logit - max) for a logit among those of the last {@link #over}. */
  float exponentialOf(float logit) {
    return (float) Exponential.exp(logit - max);
  }

  double sum() {
    return sum;
  }

  /** The index of the highest of the first n logits, the lowest index among equals. */
  static int argMax(float[] logits, int n, int[] tokens) {
    float max = Float.NEGATIVE_INFINITY;
    int at = -1;
    for (int i = 0; i < n; i++) {
      float logit = logits[i];
      if (!(logit <= max)) {
        if (!(logit < Float.POSITIVE_INFINITY)) {
          throw InvalidLogitsException.notANumber(tokens.length == 0 ? i : tokens[i], logit);
        }
        max = logit;
        at = i;
      }
    }
    if (at < 0) {
      throw InvalidLogitsException.nothingLeft(n);
    }
    return at;
  }
}
