package org.ggml4j.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * e^x for whole vocabularies, by additions, multiplications and shifts alone, so that the bits are
 * the same on every machine ({@link Math#exp} may differ from one to another).
 *
 * <p>x is turned into a fixed-point power of two: e^x = 2^n 2^f with n whole and f in [0, 1). 2^n
 * is an exponent field, 2^f a polynomial. The relative error is below 2.5e-7 + 7e-8 |x|: a float x
 * has no more digits. Below -87 the result is 0.
 *
 * <p>Each loop is small and simple, because HotSpot turns only such ones into vector instructions:
 * no two arrays of the same type at different offsets (they could overlap), and no conversion
 * between the bits of an int and of a float; that is done by copying memory. And each is a {@link
 * Stage}: one place calls them all, so HotSpot compiles each on its own. Compiled into their
 * caller, some of them were not vectorized, in one run of the same program but not in the next. All
 * of them over 262,144 logits take 100 µs so, with 512-bit vectors.
 */
final class Exponential {
  /** How many at a time: what stays in the processor's first cache. */
  static final int CHUNK = 2048;

  /** Sums are taken in so many lanes: candidate i goes to lane i modulo this. */
  static final int LANES = 512;

  /** Below this, e^x is 0. */
  static final float ZERO_BELOW = -88;

  // The fixed point is where the fraction of a float begins: x log2(e) 2^23.
  private static final float LOG2_E = 0x1.715476p23f;
  private static final int FRACTION = (1 << 23) - 1;
  private static final int EXPONENT_BIAS = 127 << 23;

  /** The least fixed-point exponent, that of 0. */
  static final int LEAST = -EXPONENT_BIAS;

  /** How many of a chunk go to a lane. */
  static final int ROWS = CHUNK / LANES;

  // 2^f - 1 for f 2^23 in [0, 2^23], relative error 8.2e-8 (Remez's algorithm, constant term 1).
  private static final float C1 = 0.6931513f * 0x1p-23f;
  private static final float C2 = 0.24016444f * 0x1p-46f;
  private static final float C3 = 0.055799913f * 0x1p-69f;
  private static final float C4 = 0.009017031f * 0x1p-92f;
  private static final float C5 = 0.00186713f * 0x1p-115f;

  private final int[] fixed = new int[CHUNK];
  private final int[] bits = new int[CHUNK];
  private final float[] powers = new float[CHUNK];
  private final float[] within = new float[CHUNK];
  private final double[] products = new double[CHUNK / 2];
  private final MemorySegment bitsMemory = MemorySegment.ofArray(bits);
  private final MemorySegment powersMemory = MemorySegment.ofArray(powers);

  /** e^x for one x, at most 0; the same bits as for many. */
  static float exp(float x) {
    int t = fixed(x);
    return Float.intBitsToFloat(exponent(t)) * polynomial(t & FRACTION);
  }

  /** One loop over a chunk. */
  private interface Stage {
    void run(Exponential chunk);
  }

  private static final Stage TO_FIXED =
      c -> toFixed(c.logits, c.max, c.from, c.fixed, c.bits, c.count);
  private static final Stage COPY_BITS = Exponential::copyBits;
  private static final Stage POLYNOMIALS = c -> polynomials(c.fixed, c.powers, c.count);
  private static final Stage ADD = c -> add(c.powers, c.lanes);
  private static final Stage MULTIPLY = c -> multiply(c.powers, c.fixed, c.products);
  private static final Stage[] POWERS = {TO_FIXED, COPY_BITS, POLYNOMIALS};
  private static final Stage[] SUM = {TO_FIXED, COPY_BITS, POLYNOMIALS, ADD};
  private static final Stage[] SUM_AND_PRODUCTS = {TO_FIXED, COPY_BITS, POLYNOMIALS, ADD, MULTIPLY};
  private static final Stage FIND_INNER = c -> findInner(c.fixed, c.center, c.inner, c.within);
  private static final Stage ADD_INNER = c -> addInner(c.powers, c.within, c.innerLanes);
  private static final Stage MARK = c -> mark(c.fixed, c.center, c.inner, c.outer, c.marks);
  private static final Stage[] SUM_AND_MARK = {
    TO_FIXED, COPY_BITS, POLYNOMIALS, ADD, FIND_INNER, ADD_INNER, MARK
  };

  // What the stages work on:
  private float[] logits = {};
  private double[] lanes = {};
  private double[] innerLanes = {};
  private float[] marks = {};
  private float max;
  private int center;
  private int inner;
  private int outer;
  private int from;
  private int count;

  private void run(Stage[] stages) {
    for (Stage stage : stages) {
      stage.run(this);
    }
  }

  /**
   * Begins with other logits.
   *
   * @param highest none of them is higher
   */
  void begin(float[] newLogits, float highest) {
    logits = newLogits;
    max = highest;
    Arrays.fill(products, 0);
  }

  /**
   * Computes e^(logits[first + i] - highest) for i in [0, n).
   *
   * @return the powers, and 0 from n on; valid until the next call
   */
  float[] powers(int first, int n) {
    from = first;
    count = n;
    run(POWERS);
    return powers;
  }

  /** Like {@link #powers}, and adds the powers to their lanes. */
  float[] sum(int first, int n, double[] toLanes) {
    from = first;
    count = n;
    lanes = toLanes;
    run(SUM);
    return powers;
  }

  /** Like {@link #sum}, and adds up the powers times their exponents. */
  void sumAndProducts(int first, int n, double[] toLanes) {
    from = first;
    count = n;
    lanes = toLanes;
    run(SUM_AND_PRODUCTS);
  }

  /**
   * Says what {@link #sumAndMark} looks at: how far the fixed-point exponents are from one of them.
   *
   * @param nearer those at a distance of less than this are summed up
   * @param farther those from there to less than this are marked; at most the distance of {@link
   *     #LEAST}
   */
  void range(int middle, int nearer, int farther) {
    center = middle;
    inner = nearer;
    outer = farther;
  }

  /**
   * Like {@link #sum}, and adds those within the range to further lanes. Of each lane the {@value
   * #ROWS} new ones are marked in as many new lowest bits of a whole number, the last one lowest.
   */
  void sumAndMark(int first, int n, double[] toLanes, double[] toInnerLanes, float[] toMarks) {
    from = first;
    count = n;
    lanes = toLanes;
    innerLanes = toInnerLanes;
    marks = toMarks;
    run(SUM_AND_MARK);
  }

  /** The fixed-point exponents of the last call, the highest being 0. */
  int[] fixed() {
    return fixed;
  }

  /** The powers times their exponents, of all {@link #sumAndProducts} since {@link #begin}. */
  double products() {
    double sum = 0;
    for (double product : products) {
      sum += product;
    }
    return sum / LOG2_E;
  }

  private void copyBits() {
    MemorySegment.copy(
        bitsMemory, ValueLayout.JAVA_INT, 0, powersMemory, ValueLayout.JAVA_INT, 0, count);
    if (count < CHUNK) {
      Arrays.fill(powers, count, CHUNK, 0);
      Arrays.fill(fixed, count, CHUNK, LEAST);
    }
  }

  private static void toFixed(
      float[] logits, float max, int from, int[] fixed, int[] bits, int count) {
    for (int i = 0; i < count; i++) {
      int t = fixed(logits[from + i] - max);
      fixed[i] = t;
      bits[i] = exponent(t);
    }
  }

  // The cast makes the least int of -infinity; it is cut off where the exponent is that of 0.
  static int fixed(float x) {
    return Math.max((int) (x * LOG2_E), LEAST);
  }

  /** What has this fixed-point exponent. */
  static float logitOf(int fixed) {
    return fixed / LOG2_E;
  }

  private static int exponent(int t) {
    return (t + EXPONENT_BIAS) & ~FRACTION;
  }

  private static void polynomials(int[] fixed, float[] powers, int count) {
    for (int i = 0; i < count; i++) {
      powers[i] = powers[i] * polynomial(fixed[i] & FRACTION);
    }
  }

  private static float polynomial(float f) {
    float p = C5;
    p = p * f + C4;
    p = p * f + C3;
    p = p * f + C2;
    p = p * f + C1;
    return p * f + 1;
  }

  private static void add(float[] powers, double[] lanes) {
    for (int i = 0; i < LANES; i++) {
      lanes[i] += (powers[i] + powers[LANES + i]) + (powers[2 * LANES + i] + powers[3 * LANES + i]);
    }
  }

  private static void multiply(float[] powers, int[] fixed, double[] products) {
    int half = CHUNK / 2;
    for (int i = 0; i < half; i++) {
      products[i] += powers[i] * (float) fixed[i] + powers[half + i] * (float) fixed[half + i];
    }
  }

  // A shifted sign is -1 for what is nearer.
  private static void findInner(int[] fixed, int center, int inner, float[] within) {
    for (int i = 0; i < CHUNK; i++) {
      within[i] = (float) ((Math.abs(fixed[i] - center) - inner) >> 31);
    }
  }

  private static void addInner(float[] p, float[] within, double[] innerLanes) {
    for (int i = 0; i < LANES; i++) {
      innerLanes[i] -=
          (p[i] * within[i] + p[LANES + i] * within[LANES + i])
              + (p[2 * LANES + i] * within[2 * LANES + i]
                  + p[3 * LANES + i] * within[3 * LANES + i]);
    }
  }

  // The signs of two differences differ for what lies between.
  private static void mark(int[] fixed, int center, int inner, int outer, float[] marks) {
    for (int i = 0; i < LANES; i++) {
      int a = Math.abs(fixed[i] - center);
      int b = Math.abs(fixed[LANES + i] - center);
      int c = Math.abs(fixed[2 * LANES + i] - center);
      int d = Math.abs(fixed[3 * LANES + i] - center);
      int bits =
          ((((a - inner) ^ (a - outer)) >>> 31) << 3)
              | ((((b - inner) ^ (b - outer)) >>> 31) << 2)
              | ((((c - inner) ^ (c - outer)) >>> 31) << 1)
              | (((d - inner) ^ (d - outer)) >>> 31);
      marks[i] = marks[i] * 16 + (float) bits;
    }
  }
}
