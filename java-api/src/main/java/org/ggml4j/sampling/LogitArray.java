package org.ggml4j.sampling;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Logits in an array, and what is known of them: the highest of each block of {@value #BLOCK}, by
 * which most of a vocabulary can be passed over, and the sums of the softmax. Either is computed
 * when it is first needed and kept until the logits change.
 */
final class LogitArray {
  static final int BLOCK = 512;
  private static final int BLOCKS_PER_CHUNK = Exponential.CHUNK / BLOCK;
  // A float whose bits are a NaN's marks a block whose highest logit has to be found again.
  private static final float STALE = Float.NaN;

  private final Workspace work;
  private float[] logits = {};
  private MemorySegment memory = MemorySegment.ofArray(logits);
  private int size;
  private float[] maxima = {};
  private boolean hasMaxima;
  private boolean hasStaleMaxima;
  private float max;
  private final double[] lanes = new double[Exponential.LANES];
  private boolean hasSum;
  private double sum;

  LogitArray(Workspace work) {
    this.work = work;
  }

  /** The logits; those from {@link #size()} on mean nothing. */
  float[] logits() {
    return logits;
  }

  int size() {
    return size;
  }

  /** Says how many there are, and that all may be new. */
  void resize(int newSize) {
    ensure(newSize);
    size = newSize;
    changed();
  }

  /** Makes room for so many, keeping those there are. */
  void ensure(int capacity) {
    if (logits.length < capacity) {
      logits = Arrays.copyOf(logits, capacity);
      memory = MemorySegment.ofArray(logits);
      maxima = new float[(capacity + BLOCK - 1) / BLOCK];
      hasMaxima = false;
    }
  }

  /** Says that any of them may have changed. */
  void changed() {
    hasMaxima = false;
    hasSum = false;
  }

  void set(int i, float logit) {
    logits[i] = logit;
    hasSum = false;
    if (hasMaxima) {
      maxima[i / BLOCK] = STALE;
      hasStaleMaxima = true;
    }
  }

  /** Takes over all of another array's logits. */
  void copyFrom(LogitArray source) {
    ensure(source.size);
    size = source.size;
    System.arraycopy(source.logits, 0, logits, 0, size);
    takeMaxima(source);
  }

  private void takeMaxima(LogitArray source) {
    hasSum = false;
    hasMaxima = source.hasMaxima;
    hasStaleMaxima = source.hasStaleMaxima;
    max = source.max;
    if (hasMaxima && source != this) {
      System.arraycopy(source.maxima, 0, maxima, 0, nBlocks());
    }
  }

  /** Becomes the source's logits (perhaps its own) divided by a number greater than 0. */
  void divide(LogitArray source, float divisor) {
    ensure(source.size);
    size = source.size;
    takeMaxima(source);
    Loops.divide(source.logits, divisor, logits, size);
    if (hasMaxima) {
      // The same division, so the highest stay the highest, to the last bit.
      Loops.divide(maxima, divisor, maxima, nBlocks());
      max = max / divisor;
      hasStaleMaxima |= !(max < Float.POSITIVE_INFINITY);
    }
  }

  /** Becomes the source's logits (perhaps its own), with those below {@code limit} -infinity. */
  void dropBelow(LogitArray source, float limit) {
    ensure(source.size);
    size = source.size;
    takeMaxima(source);
    Loops.dropBelow(source.logits, limit, logits, size);
    for (int b = 0; hasMaxima && b < nBlocks(); b++) {
      if (maxima[b] < limit) {
        maxima[b] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /** Becomes the source's logits, with those farther from the center than that -infinity. */
  void dropFar(LogitArray source, float center, float distance) {
    ensure(source.size);
    size = source.size;
    Loops.dropFar(source.logits, center, distance, logits, size);
    changed();
  }

  /** Becomes adaptive-p's logits for the source's powers; see {@link Loops#adapt}. */
  void adapt(LogitArray source, float[] powers, float total, float target) {
    ensure(source.size);
    size = source.size;
    Loops.adapt(source.logits, powers, total, target, logits, size);
    changed();
  }

  /** The standard deviation of those that are not -infinity. */
  double deviation() {
    double mean = Loops.sum(logits, size, work.lanes) / size;
    if (!Double.isInfinite(mean)) {
      return Math.sqrt(Loops.sumOfSquares(logits, (float) mean, size, work.lanes) / size);
    }
    double total = 0;
    int finite = 0;
    for (int i = 0; i < size; i++) {
      if (logits[i] > Float.NEGATIVE_INFINITY) {
        total += logits[i];
        finite++;
      }
    }
    double squares = 0;
    for (int i = 0; i < size; i++) {
      if (logits[i] > Float.NEGATIVE_INFINITY) {
        double difference = logits[i] - total / finite;
        squares += difference * difference;
      }
    }
    return Math.sqrt(squares / finite);
  }

  int nBlocks() {
    return (size + BLOCK - 1) / BLOCK;
  }

  int blockEnd(int block) {
    return Math.min(size, (block + 1) * BLOCK);
  }

  /**
   * The highest of the logits, -infinity if there is no higher one.
   *
   * @param names the token of each logit, or an empty array where token i has logit i
   * @throws InvalidLogitsException if one of them is NaN or +infinity
   */
  float max(int[] names) {
    if (!hasMaxima || hasStaleMaxima) {
      findMaxima();
      max = Float.NEGATIVE_INFINITY;
      for (int b = 0; b < nBlocks(); b++) {
        if (!(maxima[b] < Float.POSITIVE_INFINITY)) {
          hasMaxima = false;
          throw invalid(b, names);
        }
        max = Math.max(max, maxima[b]);
      }
      hasMaxima = true;
      hasStaleMaxima = false;
    }
    return max;
  }

  private void findMaxima() {
    if (!hasMaxima) {
      for (int from = 0; from < size; from += Exponential.CHUNK) {
        int count = Math.min(Exponential.CHUNK, size - from);
        work.maxima(memory, from, count, maxima, from / BLOCK);
      }
      return;
    }
    for (int b = 0; b < nBlocks(); b++) {
      if (Float.isNaN(maxima[b])) {
        work.maxima(memory, b * BLOCK, blockEnd(b) - b * BLOCK, maxima, b);
      }
    }
  }

  private InvalidLogitsException invalid(int block, int[] names) {
    int i = block * BLOCK;
    while (logits[i] < Float.POSITIVE_INFINITY) {
      i++;
    }
    return InvalidLogitsException.notANumber(names.length == 0 ? i : names[i], logits[i]);
  }

  /** The highest logit of a block, once {@link #max} has been asked for. */
  float blockMax(int block) {
    return maxima[block];
  }

  /** How many blocks have a logit from {@code limit} on, once {@link #max} has been asked for. */
  int blocksFrom(float limit) {
    int count = 0;
    for (int b = 0; b < nBlocks(); b++) {
      if (maxima[b] >= limit) {
        count++;
      }
    }
    return count;
  }

  /**
   * The index of the highest logit, the lowest among equals.
   *
   * @throws InvalidLogitsException if one is NaN or +infinity, or all are -infinity
   */
  int argMax(int[] names) {
    float highest = finiteMax(names);
    int b = 0;
    while (maxima[b] != highest) {
      b++;
    }
    int i = b * BLOCK;
    while (logits[i] != highest) {
      i++;
    }
    return i;
  }

  private float finiteMax(int[] names) {
    float highest = max(names);
    if (highest == Float.NEGATIVE_INFINITY) {
      throw InvalidLogitsException.nothingLeft(size);
    }
    return highest;
  }

  /**
   * The sum of e^(logit - highest) over all.
   *
   * @throws InvalidLogitsException if one is NaN or +infinity, or all are -infinity
   */
  double sum(int[] names) {
    if (!hasSum) {
      sumUp(names, false);
    }
    return sum;
  }

  private void sumUp(int[] names, boolean withProducts) {
    work.exponential.begin(logits, finiteMax(names));
    Arrays.fill(lanes, 0);
    for (int from = 0; from < size; from += Exponential.CHUNK) {
      int count = Math.min(Exponential.CHUNK, size - from);
      if (isZero(from)) {
        continue;
      }
      if (withProducts) {
        work.exponential.sumAndProducts(from, count, lanes);
      } else {
        work.exponential.sum(from, count, lanes);
      }
    }
    sum = Loops.sum(lanes);
    hasSum = true;
  }

  /**
   * The sum of e^(logit - highest) over those whose fixed-point exponent is nearer to {@code
   * center} than {@code inner}, in one pass with the sum over all.
   *
   * @param outer the others that are nearer than this are collected; see {@link Exponential#range}
   * @param indices receives their indices, in any order
   */
  double sumAndCollect(int center, int inner, int outer, Indices indices) {
    double[] innerLanes = work.lanes;
    float[] marks = work.marks;
    Arrays.fill(lanes, 0);
    Arrays.fill(innerLanes, 0);
    Arrays.fill(marks, 0);
    indices.clear();
    work.exponential.begin(logits, max);
    work.exponential.range(center, inner, outer);
    int begin = 0;
    for (int from = 0; from < size; from += Exponential.CHUNK) {
      int count = Math.min(Exponential.CHUNK, size - from);
      work.exponential.sumAndMark(from, count, lanes, innerLanes, marks);
      int end = from + Exponential.CHUNK;
      if (end - begin == Indices.MOST_MARKED || end >= size) {
        indices.addMarked(marks, begin, (end - begin) / Exponential.LANES);
        Arrays.fill(marks, 0);
        begin = end;
      }
    }
    sum = Loops.sum(lanes);
    hasSum = true;
    return Loops.sum(innerLanes);
  }

  /** A number that {@link #sum} is at least, at little cost; {@link #max} has been asked for. */
  double leastSum() {
    double least = 0;
    for (int b = 0; b < nBlocks(); b++) {
      least += power(maxima[b]);
    }
    return least;
  }

  boolean hasSum() {
    return hasSum;
  }

  /** Whether e^(logit - highest) is 0 for the whole chunk from here on. */
  private boolean isZero(int from) {
    int first = from / BLOCK;
    int end = Math.min(nBlocks(), first + BLOCKS_PER_CHUNK);
    float limit = max + Exponential.ZERO_BELOW;
    for (int b = first; b < end; b++) {
      if (maxima[b] >= limit) {
        return false;
      }
    }
    return true;
  }

  /** The entropy of the probabilities, in nats. */
  double entropy(int[] names) {
    sumUp(names, true);
    return StrictMath.log(sum) - work.exponential.products() / sum;
  }

  /**
   * Writes e^(logit - highest) of each to {@code to}.
   *
   * @return their sum
   */
  double powers(int[] names, float[] to) {
    work.exponential.begin(logits, finiteMax(names));
    Arrays.fill(lanes, 0);
    for (int from = 0; from < size; from += Exponential.CHUNK) {
      int count = Math.min(Exponential.CHUNK, size - from);
      if (isZero(from)) {
        Arrays.fill(to, from, from + count, 0);
      } else {
        System.arraycopy(work.exponential.sum(from, count, lanes), 0, to, from, count);
      }
    }
    sum = Loops.sum(lanes);
    hasSum = true;
    return sum;
  }

  /** Turns logits in another array into their e^(logit - highest). */
  void powersOf(float[] values, int count) {
    work.exponential.begin(values, max);
    for (int from = 0; from < count; from += Exponential.CHUNK) {
      int n = Math.min(Exponential.CHUNK, count - from);
      System.arraycopy(work.exponential.powers(from, n), 0, values, from, n);
    }
  }

  /** Turns logits in another array into powers, and writes their fixed-point exponents. */
  void powersOf(float[] values, int[] exponents, int count) {
    work.exponential.begin(values, max);
    for (int from = 0; from < count; from += Exponential.CHUNK) {
      int n = Math.min(Exponential.CHUNK, count - from);
      System.arraycopy(work.exponential.powers(from, n), 0, values, from, n);
      System.arraycopy(work.exponential.fixed(), 0, exponents, from, n);
    }
  }

  /** The fixed-point exponent of one of the logits, or of another number up to the highest. */
  int exponent(float logit) {
    return Exponential.fixed(logit - max);
  }

  /** e^(logit - highest) for one of the logits, once {@link #max} has been asked for. */
  float power(float logit) {
    return Exponential.exp(logit - max);
  }

  double probability(float logit, int[] names) {
    double total = sum(names); // also finds the highest logit
    return power(logit) / total;
  }

  double logProbability(float logit, int[] names) {
    double total = sum(names);
    // StrictMath: once per step, and its bits are the same everywhere.
    return Math.min(0, (double) logit - max - StrictMath.log(total));
  }

  /**
   * The index that the point u of [0, 1) falls on when the logits share that interval by their
   * probabilities. They lie there lane by lane, in the order of their indices up to {@value
   * Exponential#LANES} of them. Never one whose probability is 0.
   */
  int indexAt(double u, int[] names) {
    double target = u * sum(names);
    double below = 0;
    double end = 0;
    int lane = 0;
    for (int i = 0; i < lanes.length && end <= target; i++) {
      if (lanes[i] > 0) {
        lane = i;
        below = end;
        end += lanes[i];
      }
    }
    int last = lane;
    for (int i = lane; i < size && below <= target; i += Exponential.LANES) {
      float share = maxima[i / BLOCK] < max + Exponential.ZERO_BELOW ? 0 : power(logits[i]);
      if (share > 0) {
        last = i;
        below += share;
      }
    }
    return last;
  }
}
