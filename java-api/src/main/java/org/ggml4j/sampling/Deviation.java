package org.ggml4j.sampling;

import java.util.Arrays;

/** The standard deviation of many logits, in one pass. */
final class Deviation {
  private static final int CHUNK = Exponential.CHUNK;
  private static final int CHUNKS_IN_FLOATS = 8;
  private static final int SAMPLE = 64;

  private final float[] chunk = new float[CHUNK];
  private final float[] sums = new float[CHUNK];
  private final float[] squares = new float[CHUNK];

  /** Of those of the first n logits that are not -infinity. */
  double of(float[] logits, int n) {
    // Sums of squares lose no digits when taken around a number that is near the mean.
    float near = sampledMean(logits, n);
    double sum = 0;
    double sumOfSquares = 0;
    Arrays.fill(sums, 0);
    Arrays.fill(squares, 0);
    for (int from = 0; from < n; from += CHUNK) {
      int count = Math.min(CHUNK, n - from);
      System.arraycopy(logits, from, chunk, 0, count);
      add(chunk, near, sums, squares, count);
      if (from / CHUNK % CHUNKS_IN_FLOATS == CHUNKS_IN_FLOATS - 1 || from + CHUNK >= n) {
        sum += drain(sums);
        sumOfSquares += drain(squares);
      }
    }
    double mean = sum / n;
    double variance = sumOfSquares / n - mean * mean;
    // Near 0 beside the square of the mean it has few digits left; NaN is where one is -infinity.
    return variance > mean * mean * 1e-3 ? Math.sqrt(variance) : exactly(logits, n);
  }

  private static float sampledMean(float[] logits, int n) {
    int step = Math.max(1, n / SAMPLE);
    double sum = 0;
    int count = 0;
    for (int i = 0; i < n; i += step) {
      sum += logits[i];
      count++;
    }
    return (float) (sum / count);
  }

  private static void add(float[] chunk, float near, float[] sums, float[] squares, int n) {
    for (int i = 0; i < n; i++) {
      float difference = chunk[i] - near;
      sums[i] += difference;
      squares[i] = Math.fma(difference, difference, squares[i]);
    }
  }

  private static double drain(float[] sums) {
    double sum = 0;
    for (int i = 0; i < CHUNK; i += 4) {
      sum += ((double) sums[i] + sums[i + 1]) + ((double) sums[i + 2] + sums[i + 3]);
    }
    Arrays.fill(sums, 0);
    return sum;
  }

  private static double exactly(float[] logits, int n) {
    double total = 0;
    int finite = 0;
    for (int i = 0; i < n; i++) {
      if (logits[i] > Float.NEGATIVE_INFINITY) {
        total += logits[i];
        finite++;
      }
    }
    double squares = 0;
    for (int i = 0; i < n; i++) {
      if (logits[i] > Float.NEGATIVE_INFINITY) {
        double difference = logits[i] - total / finite;
        squares += difference * difference;
      }
    }
    return Math.sqrt(squares / finite);
  }
}
