package org.ggml4j.sampling;

/**
 * e^x for the softmax, by additions and multiplications alone.
 *
 * <p>{@link Math#exp} may differ in the last bit from one platform to another and runs one number
 * at a time; {@link StrictMath#exp} is the same everywhere but slower still. These few IEEE
 * operations give the same bits everywhere, and HotSpot compiles the loop to vector instructions
 * (no conversion to integers, no table, which would keep it from doing so). e^x = (e^(x/256))^256,
 * the inner power by its Taylor series up to y^8; the relative error is below 1e-10 for x in [-40,
 * 0] and below 1e-7, a float's own rounding, down to -88.
 */
final class Exponential {
  private Exponential() {}

  /** e^x for x at most 0; far below -88 it fades to 0. */
  static double exp(float x) {
    return power(x);
  }

  /** Writes e^(in[i] - max) to out[i] for i in [0, n). */
  static void exp(float[] in, float max, float[] out, int n) {
    for (int i = 0; i < n; i++) {
      out[i] = (float) power(in[i] - max);
    }
  }

  // e^-256 is 0 in float; -infinity would turn into NaN and is cut off there.
  private static double power(float x) {
    double y = Math.max(x, -256f) * (1.0 / 256);
    double p = 1.0 / 40320;
    p = p * y + 1.0 / 5040;
    p = p * y + 1.0 / 720;
    p = p * y + 1.0 / 120;
    p = p * y + 1.0 / 24;
    p = p * y + 1.0 / 6;
    p = p * y + 0.5;
    p = p * y + 1;
    p = p * y + 1;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    return p * p;
  }

  /** The sum of the first n numbers, in double and in an order that is always the same. */
  static double sum(float[] values, int n) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i < n - 3; i += 4) {
      s0 += values[i];
      s1 += values[i + 1];
      s2 += values[i + 2];
      s3 += values[i + 3];
    }
    for (; i < n; i++) {
      s0 += values[i];
    }
    return (s0 + s1) + (s2 + s3);
  }
}
