package org.ggml4j.sampling;

/**
 * Loops over whole vocabularies, small and simple so that HotSpot turns them into vector
 * instructions; see {@link Exponential}.
 */
final class Loops {
  // The bits of -infinity, ordered: what comes before it are the NaNs with a sign.
  private static final int NEGATIVE_NANS = 0x7fffff;

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
    return ofOrdered(highest + NEGATIVE_NANS);
  }

  /**
   * Divides by multiplying with the reciprocal in two parts, which is twice as fast and in all but
   * very rare cases the same float; where it is not, it is the next one.
   */
  static void divide(float[] from, float divisor, float[] to, int n) {
    if (hasParts(divisor)) {
      float most = greatPart(divisor);
      multiply(from, most, smallPart(divisor, most), to, n);
    } else {
      for (int i = 0; i < n; i++) {
        to[i] = from[i] / divisor;
      }
    }
  }

  private static void multiply(float[] from, float most, float least, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      to[i] = Math.fma(from[i], most, from[i] * least);
    }
  }

  /** One number divided as many are. */
  static float divide(float number, float divisor) {
    if (!hasParts(divisor)) {
      return number / divisor;
    }
    float most = greatPart(divisor);
    return Math.fma(number, most, number * smallPart(divisor, most));
  }

  /** Whether neither the divisor nor its reciprocal is near the ends of what floats can be. */
  private static boolean hasParts(float divisor) {
    return divisor > 0x1p-100f && divisor < 0x1p100f;
  }

  /** The reciprocal, not rounded up. */
  private static float greatPart(float divisor) {
    float nearest = (float) (1.0 / divisor);
    return nearest > 1.0 / divisor ? Math.nextDown(nearest) : nearest;
  }

  /** What it lacks; more than 0, so that -infinity stays that. */
  private static float smallPart(float divisor, float most) {
    return Math.max((float) (1.0 / divisor - most), Float.MIN_VALUE);
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

  /** Copies the logits, those below the limit or above the ceiling as -infinity. */
  static void dropOutside(float[] from, float limit, float ceiling, float[] to, int n) {
    for (int i = 0; i < n; i++) {
      float below = Math.min(from[i] - limit, ceiling - from[i]) * 0x1p127f * 0x1p127f * 0x1p127f;
      to[i] = from[i] + Math.min(below, 0f);
    }
  }

  /** The bits of a float, in the order of the numbers. */
  static int ordered(float number) {
    int bits = Float.floatToRawIntBits(number);
    return bits ^ ((bits >> 31) & 0x7fffffff);
  }

  static float ofOrdered(int ordered) {
    return Float.intBitsToFloat(ordered ^ ((ordered >> 31) & 0x7fffffff));
  }

  static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }
}
