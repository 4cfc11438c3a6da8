package org.ggml4j.eval;

/**
 * A mean and its standard error.
 *
 * @param value the mean
 * @param error one standard deviation of the mean, 0 where there are too few values to tell
 */
public record Estimate(double value, double error) {
  private static final int FEW = 10;

  /** From a sum, a sum of squares and a count, as llama.cpp's llama-perplexity does it. */
  static Estimate of(double sum, double sumOfSquares, long count) {
    if (count < 1) {
      return new Estimate(0, 0);
    }
    double mean = sum / count;
    double variance = sumOfSquares / count - mean * mean;
    boolean known = variance > 0 && count > FEW;
    return new Estimate(mean, known ? Math.sqrt(variance / (count - 1)) : 0);
  }

  /** A share of so many out of so many. */
  static Estimate ofShare(long hits, long count) {
    if (count < 1) {
      return new Estimate(0, 0);
    }
    double share = (double) hits / count;
    return new Estimate(share, count > 1 ? Math.sqrt(share * (1 - share) / (count - 1)) : 0);
  }

  /** Of the exponential. */
  Estimate exp() {
    double e = Math.exp(value);
    return new Estimate(e, e * error);
  }

  /** Of the square root. */
  Estimate sqrt() {
    double root = Math.sqrt(value);
    return new Estimate(root, root > 0 ? 0.5 / root * error : 0);
  }
}
