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
 * arrays of the same type are read and written at the same index (else they could overlap), and
 * nothing converts between the bits of an int and of a float; that is done by copying memory. And
 * each is a {@link Stage}: one place calls them all, so HotSpot compiles each on its own. Compiled
 * into their caller, some of them were not vectorized, in one run of the same program but not in
 * the next. The sum over 262,144 logits takes 75 µs so, with 512-bit vectors: 30 for the exponents,
 * 30 for the polynomials and their sum, the rest for memory.
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

  /** So many at a time where more arrays are needed, which shall all stay in the first cache. */
  static final int MARKED_CHUNK = CHUNK / 2;

  private static final double[] NO_LANES = {};

  // 2^f - 1 for f 2^23 in [0, 2^23], relative error 8.2e-8 (Remez's algorithm, constant term 1).
  private static final float C1 = 0.6931513f * 0x1p-23f;
  private static final float C2 = 0.24016444f * 0x1p-46f;
  private static final float C3 = 0.055799913f * 0x1p-69f;
  private static final float C4 = 0.009017031f * 0x1p-92f;
  private static final float C5 = 0.00186713f * 0x1p-115f;

  // So many logits are summed up in floats before these are added to the lanes.
  private static final int SUMMED_IN_FLOATS = 8 * CHUNK;

  private final int[] fixed = new int[CHUNK];
  private final int[] bits = new int[CHUNK];
  private final float[] scales = new float[CHUNK];
  private final float[] powers = new float[CHUNK];
  private final float[] within = new float[CHUNK];
  private final float[] sums = new float[CHUNK];
  private final float[] innerSums = new float[CHUNK];
  private final float[] products = new float[CHUNK];
  private final int[] least = new int[CHUNK];
  private final MemorySegment bitsMemory = MemorySegment.ofArray(bits);
  private final MemorySegment scalesMemory = MemorySegment.ofArray(scales);

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
  private static final Stage POLYNOMIALS = c -> polynomials(c.fixed, c.scales, c.powers, c.count);
  private static final Stage ADD = c -> add(c.fixed, c.scales, c.sums, c.count);
  private static final Stage ADD_PRODUCTS =
      c -> addProducts(c.fixed, c.scales, c.sums, c.products, c.count);
  private static final Stage ADD_SQUARES =
      c -> addSquares(c.fixed, c.scales, c.sums, c.products, c.least, c.count);
  private static final Stage ADD_POWERS = c -> addPowers(c.powers, c.sums, c.count);
  private static final Stage CLASSIFY =
      c -> classify(c.fixed, c.center, c.inner, c.outer - c.inner, c.within, c.marks, c.count);
  private static final Stage ADD_INNER =
      c -> addInner(c.fixed, c.scales, c.within, c.sums, c.innerSums, c.count);
  private static final Stage ADD_INNER_AND_PRODUCTS =
      c ->
          addInnerAndProducts(
              c.fixed, c.scales, c.within, c.sums, c.innerSums, c.products, c.count);
  private static final Stage[] POWERS = {TO_FIXED, COPY_BITS, POLYNOMIALS};
  private static final Stage[] SUM_AND_POWERS = {TO_FIXED, COPY_BITS, POLYNOMIALS, ADD_POWERS};
  private static final Stage[] SUM = {TO_FIXED, COPY_BITS, ADD};
  private static final Stage[] SUM_AND_PRODUCTS = {TO_FIXED, COPY_BITS, ADD_PRODUCTS};
  private static final Stage[] SUM_AND_SQUARES = {TO_FIXED, COPY_BITS, ADD_SQUARES};
  private static final Stage[] SUM_AND_MARK = {TO_FIXED, COPY_BITS, CLASSIFY, ADD_INNER};
  private static final Stage[] SUM_PRODUCTS_AND_MARK = {
    TO_FIXED, COPY_BITS, CLASSIFY, ADD_INNER_AND_PRODUCTS
  };

  // What the stages work on:
  private float[] logits = {};
  private int[] marks = {};
  private float max;
  private int center;
  private int inner;
  private int outer;
  private int from;
  private int count;
  private int summedInFloats;
  private int placesInUse;
  private double[] lanes = {};
  private double[] innerLanes = {};
  private double[] productLanes = {};

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
    begin(newLogits, highest, NO_LANES, NO_LANES, NO_LANES);
  }

  /**
   * Begins with other logits and with sums of 0, which are complete after {@link #finish}.
   *
   * @param toLanes receives the sums of the powers
   * @param toInnerLanes receives the sums of those within the range, or is empty
   * @param toProductLanes receives the sums of products or squares, or is empty
   */
  void begin(
      float[] newLogits,
      float highest,
      double[] toLanes,
      double[] toInnerLanes,
      double[] toProductLanes) {
    logits = newLogits;
    max = highest;
    lanes = toLanes;
    innerLanes = toInnerLanes;
    productLanes = toProductLanes;
    Arrays.fill(lanes, 0);
    Arrays.fill(innerLanes, 0);
    Arrays.fill(productLanes, 0);
    Arrays.fill(sums, 0);
    Arrays.fill(innerSums, 0);
    Arrays.fill(products, 0);
    Arrays.fill(least, 0);
    summedInFloats = 0;
    placesInUse = 0;
  }

  /**
   * Computes e^(logits[first + i] - highest) for i in [0, n).
   *
   * @return the powers; valid until the next call
   */
  float[] powers(int first, int n) {
    from = first;
    count = n;
    run(POWERS);
    return powers;
  }

  /** Adds the powers of n logits to their lanes. */
  void sum(int first, int n) {
    accumulate(SUM, first, n);
  }

  /** Like {@link #sum}, and adds up the powers times their fixed-point exponents. */
  void sumAndProducts(int first, int n) {
    accumulate(SUM_AND_PRODUCTS, first, n);
  }

  /** Like {@link #sum}, and returns the powers; valid until the next call. */
  float[] sumAndPowers(int first, int n) {
    accumulate(SUM_AND_POWERS, first, n);
    return powers;
  }

  /** Like {@link #sum}, and adds up the squares of the powers. */
  void sumAndSquares(int first, int n) {
    accumulate(SUM_AND_SQUARES, first, n);
  }

  /** The least fixed-point exponent of those whose squares were added up since {@link #begin}. */
  int leastExponent() {
    int result = 0;
    for (int exponent : least) {
      result = Math.min(result, exponent);
    }
    return result;
  }

  /**
   * Says what {@link #sumAndMark} looks at: how far the fixed-point exponents are from one of them.
   *
   * @param nearer those at a distance of less than this are summed up
   * @param farther those from there to less than this are marked; at most the distance of {@link
   *     #LEAST}
   * @param toMarks receives the marks: of each place in a chunk a new lowest bit for each call
   */
  void range(int middle, int nearer, int farther, int[] toMarks) {
    center = middle;
    inner = nearer;
    outer = farther;
    marks = toMarks;
  }

  /**
   * Like {@link #sum}, adds those within the range to further lanes, and marks those around it.
   *
   * @param withProducts whether to add up the powers times their exponents, too
   */
  void sumAndMark(int first, int n, boolean withProducts) {
    accumulate(withProducts ? SUM_PRODUCTS_AND_MARK : SUM_AND_MARK, first, n);
  }

  private void accumulate(Stage[] stages, int first, int n) {
    from = first;
    count = n;
    run(stages);
    placesInUse = Math.max(placesInUse, n);
    summedInFloats += n;
    if (summedInFloats >= SUMMED_IN_FLOATS) {
      finish();
    }
  }

  /** Adds to the lanes what was summed up. */
  void finish() {
    summedInFloats = 0;
    drain(sums, lanes);
    if (innerLanes.length > 0) {
      drain(innerSums, innerLanes);
    }
    if (productLanes.length > 0) {
      drain(products, productLanes);
    }
  }

  private void drain(float[] from, double[] to) {
    for (int row = 0; row < placesInUse; row += 2 * LANES) {
      addRows(from, row, to);
    }
    Arrays.fill(from, 0, placesInUse, 0);
  }

  private static void addRows(float[] sums, int row, double[] lanes) {
    for (int i = 0; i < LANES; i++) {
      lanes[i] += sums[row + i] + sums[row + LANES + i];
    }
  }

  /** The fixed-point exponents of the last call, the highest being 0. */
  int[] fixed() {
    return fixed;
  }

  /** What fixed-point exponents come to, as numbers. */
  static double unfixed(double sumOfFixed) {
    return sumOfFixed / LOG2_E;
  }

  private void copyBits() {
    MemorySegment.copy(
        bitsMemory, ValueLayout.JAVA_INT, 0, scalesMemory, ValueLayout.JAVA_INT, 0, count);
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

  private static void polynomials(int[] fixed, float[] scales, float[] powers, int count) {
    for (int i = 0; i < count; i++) {
      powers[i] = scales[i] * polynomial(fixed[i] & FRACTION);
    }
  }

  // Math.fma is exact everywhere, and an instruction on all processors of the last ten years.
  private static float polynomial(float f) {
    float p = C5;
    p = Math.fma(p, f, C4);
    p = Math.fma(p, f, C3);
    p = Math.fma(p, f, C2);
    p = Math.fma(p, f, C1);
    return Math.fma(p, f, 1f);
  }

  private static void add(int[] fixed, float[] scales, float[] sums, int count) {
    for (int i = 0; i < count; i++) {
      sums[i] = Math.fma(scales[i], polynomial(fixed[i] & FRACTION), sums[i]);
    }
  }

  private static void addProducts(
      int[] fixed, float[] scales, float[] sums, float[] products, int count) {
    for (int i = 0; i < count; i++) {
      float power = scales[i] * polynomial(fixed[i] & FRACTION);
      sums[i] += power;
      products[i] = Math.fma(power, (float) fixed[i], products[i]);
    }
  }

  private static void addSquares(
      int[] fixed, float[] scales, float[] sums, float[] squares, int[] least, int count) {
    for (int i = 0; i < count; i++) {
      float power = scales[i] * polynomial(fixed[i] & FRACTION);
      sums[i] += power;
      squares[i] = Math.fma(power, power, squares[i]);
      least[i] = Math.min(least[i], fixed[i]);
    }
  }

  private static void addPowers(float[] powers, float[] sums, int count) {
    for (int i = 0; i < count; i++) {
      sums[i] += powers[i];
    }
  }

  // A shifted sign is -1 for what is nearer; what is to be marked is neither that nor farther.
  private static void classify(
      int[] fixed, int center, int inner, int width, float[] within, int[] marks, int count) {
    for (int i = 0; i < count; i++) {
      int beyond = Math.abs(fixed[i] - center) - inner;
      within[i] = (float) (beyond >> 31);
      marks[i] = (marks[i] << 1) | (((beyond - width) & ~beyond) >>> 31);
    }
  }

  private static void addInner(
      int[] fixed, float[] scales, float[] within, float[] sums, float[] innerSums, int count) {
    for (int i = 0; i < count; i++) {
      float power = scales[i] * polynomial(fixed[i] & FRACTION);
      sums[i] += power;
      innerSums[i] = Math.fma(-power, within[i], innerSums[i]);
    }
  }

  private static void addInnerAndProducts(
      int[] fixed,
      float[] scales,
      float[] within,
      float[] sums,
      float[] innerSums,
      float[] products,
      int count) {
    for (int i = 0; i < count; i++) {
      float power = scales[i] * polynomial(fixed[i] & FRACTION);
      sums[i] += power;
      innerSums[i] = Math.fma(-power, within[i], innerSums[i]);
      products[i] = Math.fma(power, (float) fixed[i], products[i]);
    }
  }
}
