package org.ggml4j.sampling;

import java.util.Arrays;

/**
 * Loops over whole vocabularies, small and simple so that HotSpot turns them into vector
 * instructions; see {@link Exponential}.
 */
final class Loops {
  // The bits of -infinity, ordered: what comes before it are the NaNs with a sign.
  private static final int NEGATIVE_NANS = 0x7fffff;

  private static final int LANES = Exponential.LANES;

  private static final float ADAPTIVE_P_WIDTH = 0.3f;
  private static final float ADAPTIVE_P_PEAK = 5;
  private static final float ADAPTIVE_P_SHARPNESS = 10;

  private Loops() {}

  /**
   * The highest of the floats whose bits these are; a NaN if there is one.
   *
   * <p>Turning the lower bits of negative numbers around orders the bits of floats as ints, for
   * which there is an instruction; Math.max of floats takes several. The NaNs with a sign come out
   * lowest then, and a shift around the circle of ints takes them to the others at the top.
   */
  static float highest(int[] bits, int from, int to) {
    int highest = Integer.MIN_VALUE;
    for (int i = from; i < to; i++) {
      int b = bits[i];
      highest = Math.max(highest, (b ^ ((b >> 31) & 0x7fffffff)) - NEGATIVE_NANS);
    }
    int ordered = highest + NEGATIVE_NANS;
    return Float.intBitsToFloat(ordered ^ ((ordered >> 31) & 0x7fffffff));
  }

  static void divide(float[] from, float divisor, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      to[i] = from[i] / divisor;
    }
  }

  /**
   * Copies the logits, those below the limit as -infinity.
   *
   * @param limit a finite number
   */
  static void dropBelow(float[] from, float limit, float[] to, int n) {
    // A condition would not become vector instructions: a difference below 0, even the smallest,
    // becomes -infinity by three multiplications, and one above 0 is cut off to it.
    for (int i = 0; i < n; i++) {
      float below = (from[i] - limit) * 0x1p127f * 0x1p127f * 0x1p127f;
      to[i] = from[i] + Math.min(below, 0f);
    }
  }

  /** Copies the logits, those farther from the center than that as -infinity. */
  static void dropFar(float[] from, float center, float distance, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      float within = (distance - Math.abs(from[i] - center)) * 0x1p127f * 0x1p127f * 0x1p127f;
      to[i] = from[i] + Math.min(within, 0f);
    }
  }

  static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  /** The sum of the first n floats; {@code lanes} is scratch. */
  static double sum(float[] values, int n, double[] lanes) {
    Arrays.fill(lanes, 0);
    int from = 0;
    for (; from + 4 * LANES <= n; from += 4 * LANES) {
      add(values, from, lanes);
    }
    double sum = sum(lanes);
    for (; from < n; from++) {
      sum += values[from];
    }
    return sum;
  }

  private static void add(float[] values, int from, double[] lanes) {
    for (int i = 0; i < LANES; i++) {
      lanes[i] +=
          (values[from + i] + values[from + LANES + i])
              + (values[from + 2 * LANES + i] + values[from + 3 * LANES + i]);
    }
  }

  /** The sum of the squares of the differences from {@code mean}. */
  static double sumOfSquares(float[] values, float mean, int n, double[] lanes) {
    Arrays.fill(lanes, 0);
    int from = 0;
    for (; from + 2 * LANES <= n; from += 2 * LANES) {
      addSquares(values, mean, from, lanes);
    }
    double sum = sum(lanes);
    for (; from < n; from++) {
      double difference = values[from] - mean;
      sum += difference * difference;
    }
    return sum;
  }

  private static void addSquares(float[] values, float mean, int from, double[] lanes) {
    for (int i = 0; i < LANES; i++) {
      float a = values[from + i] - mean;
      float b = values[from + LANES + i] - mean;
      lanes[i] += a * a + b * b;
    }
  }

  /**
   * Adaptive-p's logits, which fall off with the distance of the probabilities (powers through
   * {@code total}) from the target: near it with the distance's square, then in proportion to it.
   * What is -infinity stays so.
   */
  static void adapt(float[] logits, float[] powers, float total, float target, float[] to, int n) {
    float scale = 1 / (total * ADAPTIVE_P_WIDTH);
    float shift = target / ADAPTIVE_P_WIDTH;
    for (int i = 0; i < n; i++) {
      float distance = Math.abs(powers[i] * scale - shift);
      float fall = ADAPTIVE_P_SHARPNESS * distance * distance / (1 + distance);
      to[i] = ADAPTIVE_P_PEAK - fall + Math.min(logits[i] + 0x1p127f, 0f);
    }
  }
}
