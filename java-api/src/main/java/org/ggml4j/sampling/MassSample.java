package org.ggml4j.sampling;

import java.util.Arrays;

/**
 * A sample of a vocabulary's logits, by which is guessed where a cut through their mass will be.
 * The best candidates are known besides and not sampled.
 */
final class MassSample {
  // Taken in runs as long as a line of the processor's cache.
  private static final int RUN = 16;
  private static final int RUNS = 512;

  /** How many are sampled. */
  static final int SIZE = RUNS * RUN;

  private static final int BUCKETS = 2048;
  // Standard deviations by which the sample may be off.
  private static final double DEVIATIONS = 2.5;
  // Farther away there is no mass to speak of: 24 binary orders of magnitude.
  private static final int FARTHEST = 24 << 23;

  private final float[] powers = new float[SIZE];
  private final int[] exponents = new int[SIZE];
  private final int[] buckets = new int[SIZE];
  private final float[] chunk = new float[Exponential.CHUNK];
  private final int[] fixed = new int[Exponential.CHUNK];
  private final float[] sums = new float[Exponential.CHUNK];
  private final double[] mass = new double[BUCKETS];
  private final double[] sampledMass = new double[BUCKETS];
  private final double[] sampledSquares = new double[BUCKETS];
  private LogitArray array;
  private Candidates top;
  private int best;
  private int count;
  private double topMass;
  private double sampled;
  private double rest;
  private double meanError;
  private int inner;
  private int outer;

  MassSample(LogitArray array, Candidates top) {
    this.array = array;
    this.top = top;
  }

  /**
   * Takes a sample.
   *
   * @param from at least {@link #SIZE} logits
   * @param known in front of these are the best of them, sorted
   * @param nKnown how many
   * @return whether there is any mass in it
   */
  boolean take(LogitArray from, Candidates known, int nKnown) {
    array = from;
    top = known;
    best = nKnown;
    float[] logits = array.logits();
    for (int run = 0; run < RUNS; run++) {
      int begin = (int) ((long) run * (array.size() - RUN) / (RUNS - 1));
      System.arraycopy(logits, begin, powers, run * RUN, RUN);
    }
    array.powersOf(powers, exponents, SIZE);
    int worst = array.exponent(top.logit(best - 1));
    count = SIZE;
    for (int i = 0; i < SIZE; i++) {
      if (exponents[i] >= worst) {
        powers[i] = 0; // it is known
        count--;
      }
    }
    topMass = 0;
    for (int i = 0; i < best; i++) {
      topMass += array.power(top.logit(i));
    }
    sampled = 0;
    for (int i = 0; i < SIZE; i += 4) {
      sampled += (powers[i] + powers[i + 1]) + (powers[i + 2] + powers[i + 3]);
    }
    rest = sampled / count * (array.size() - best);
    return sampled > 0;
  }

  /** Estimates the mean of the fixed-point exponents, each with its mass, and its error. */
  int estimateMean() {
    Arrays.fill(sums, 0);
    double sum = 0;
    for (int from = 0; from < SIZE; from += Exponential.CHUNK) {
      System.arraycopy(powers, from, chunk, 0, Exponential.CHUNK);
      System.arraycopy(exponents, from, fixed, 0, Exponential.CHUNK);
      addProducts(chunk, fixed, sums);
    }
    for (float part : sums) {
      sum += part;
    }
    double topSum = 0;
    for (int i = 0; i < best; i++) {
      topSum += (double) array.power(top.logit(i)) * array.exponent(top.logit(i));
    }
    double weight = rest / sampled;
    float mean = (float) ((topSum + weight * sum) / (topMass + rest));
    Arrays.fill(sums, 0);
    for (int from = 0; from < SIZE; from += Exponential.CHUNK) {
      System.arraycopy(powers, from, chunk, 0, Exponential.CHUNK);
      System.arraycopy(exponents, from, fixed, 0, Exponential.CHUNK);
      addSquares(chunk, fixed, mean, sums);
    }
    double squares = 0;
    for (float part : sums) {
      squares += part;
    }
    meanError = DEVIATIONS * weight * Math.sqrt(squares) / (topMass + rest);
    return (int) mean;
  }

  private static void addProducts(float[] powers, int[] fixed, float[] sums) {
    for (int i = 0; i < Exponential.CHUNK; i++) {
      sums[i] = Math.fma(powers[i], (float) fixed[i], sums[i]);
    }
  }

  private static void addSquares(float[] powers, int[] fixed, float mean, float[] sums) {
    for (int i = 0; i < Exponential.CHUNK; i++) {
      float product = powers[i] * ((float) fixed[i] - mean);
      sums[i] = Math.fma(product, product, sums[i]);
    }
  }

  /** Nearer exponents than this have less than the share of the mass. */
  int inner() {
    return inner;
  }

  /** Nearer exponents than this have more; {@link Integer#MAX_VALUE} if that cannot be told. */
  int outer() {
    return outer;
  }

  /**
   * Guesses at which distance from {@code middle} the exponents nearer to it have the share p of
   * the mass: between {@link #inner} and {@link #outer}.
   *
   * @param isMean whether {@code middle} is {@link #estimateMean}, which may be off itself
   */
  void guess(int middle, float p, boolean isMean) {
    int farthest = 1;
    for (int i = 0; i < SIZE; i++) {
      farthest = Math.max(farthest, Math.abs(exponents[i] - middle));
    }
    int shift = 1 + Integer.SIZE - Integer.numberOfLeadingZeros(Math.min(farthest, FARTHEST));
    shift = Math.max(0, shift - Integer.numberOfTrailingZeros(BUCKETS) - 1);
    Arrays.fill(mass, 0);
    Arrays.fill(sampledMass, 0);
    Arrays.fill(sampledSquares, 0);
    for (int i = 0; i < best; i++) {
      mass[bucket(array.exponent(top.logit(i)), middle, shift)] += array.power(top.logit(i));
    }
    findBuckets(exponents, middle, shift, buckets);
    double squares = 0;
    for (int i = 0; i < SIZE; i++) {
      double power = powers[i];
      sampledMass[buckets[i]] += power;
      sampledSquares[buckets[i]] += power * power;
      squares += power * power;
    }
    narrow(shift, p, squares, isMean ? meanError : 0);
  }

  private static void findBuckets(int[] exponents, int middle, int shift, int[] buckets) {
    for (int i = 0; i < SIZE; i++) {
      buckets[i] = bucket(exponents[i], middle, shift);
    }
  }

  private static int bucket(int exponent, int middle, int shift) {
    return Math.min(Math.abs(exponent - middle) >> shift, BUCKETS - 1);
  }

  /**
   * Sets the range to the buckets in which the mass comes to the target, and those around them as
   * far as the sample may be wrong.
   */
  private void narrow(int shift, float p, double squares, double middleError) {
    double weight = rest / sampled;
    double target = p * (topMass + rest);
    double sum = 0;
    double share = 0;
    double squaresAbove = 0;
    int b = 0;
    while (b < BUCKETS - 1 && sum + mass[b] + weight * sampledMass[b] < target) {
      sum += mass[b] + weight * sampledMass[b];
      share += sampledMass[b] / sampled;
      squaresAbove += sampledSquares[b];
      b++;
    }
    double error =
        (1 - share) * (1 - share) * squaresAbove + share * share * (squares - squaresAbove);
    // What is known has its share only if the rest is estimated well.
    double leverage = topMass * (1 - p) / rest;
    error += leverage * leverage * squares;
    double tolerance = DEVIATIONS * weight * Math.sqrt(error);
    int first = b;
    double sumBefore = sum;
    while (first > 0 && sumBefore > target - tolerance) {
      first--;
      sumBefore -= mass[first] + weight * sampledMass[first];
    }
    int end = b;
    double sumBehind = sum;
    while (end < BUCKETS && sumBehind < target + tolerance) {
      sumBehind += mass[end] + weight * sampledMass[end];
      end++;
    }
    int before = away(b - first, shift, middleError);
    int behind = away(end - b, shift, middleError);
    inner = Math.max(0, (b << shift) - before);
    outer =
        end < BUCKETS && behind < Integer.MAX_VALUE - (b << shift)
            ? (b << shift) + behind
            : Integer.MAX_VALUE;
  }

  /** So many buckets, and an error that has nothing to do with theirs. */
  private static int away(int nBuckets, int shift, double error) {
    double way = Math.scalb((double) nBuckets, shift);
    return (int) Math.ceil(Math.sqrt(way * way + error * error));
  }
}
