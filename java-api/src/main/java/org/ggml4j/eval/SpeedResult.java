package org.ggml4j.eval;

import java.util.List;

/**
 * How long the repetitions of a test took.
 *
 * @param test what was timed
 * @param nanos of each repetition, in order
 * @param warmUps how often it ran before, untimed
 */
public record SpeedResult(SpeedTest test, List<Long> nanos, int warmUps) {
  private static final double NANOS = 1e9;

  public SpeedResult {
    nanos = List.copyOf(nanos);
    if (nanos.isEmpty()) {
      throw new IllegalArgumentException("expected at least one repetition");
    }
  }

  /** Tokens per second of each repetition. */
  public List<Double> tokensPerSecond() {
    return nanos.stream().map(t -> NANOS * test.nTokens() / Math.max(1, t)).toList();
  }

  /** Mean of the repetitions' tokens per second; not tokens over the mean time. */
  public double mean() {
    return mean(tokensPerSecond());
  }

  /** Standard deviation of the repetitions' tokens per second; 0 of a single one. */
  public double deviation() {
    return deviation(tokensPerSecond());
  }

  /** Mean of the repetitions' times, in nanoseconds. */
  public double meanNanos() {
    return mean(nanos);
  }

  /** Standard deviation of the repetitions' times, in nanoseconds; 0 of a single one. */
  public double deviationNanos() {
    return deviation(nanos);
  }

  private static double mean(List<? extends Number> values) {
    return values.stream().mapToDouble(Number::doubleValue).sum() / values.size();
  }

  private static double deviation(List<? extends Number> values) {
    if (values.size() < 2) {
      return 0;
    }
    double mean = mean(values);
    double squares =
        values.stream().mapToDouble(v -> (v.doubleValue() - mean) * (v.doubleValue() - mean)).sum();
    return Math.sqrt(squares / (values.size() - 1));
  }
}
