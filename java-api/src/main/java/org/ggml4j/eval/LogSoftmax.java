package org.ggml4j.eval;

/** Logarithms of probabilities, from logits. */
final class LogSoftmax {
  private LogSoftmax() {}

  /** What is taken from a logit to get the logarithm of its probability. */
  static double logSumExp(float[] logits) {
    float max = max(logits);
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  static float max(float[] logits) {
    float max = logits[0];
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    return max;
  }

  /** Index of the first of the largest. */
  static int argMax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
