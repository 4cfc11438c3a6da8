package org.ggml4j.sampling;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Logits in an array, and what is known of them: the highest of each block of {@value #BLOCK}, by
 * which most of a vocabulary can be passed over, and the sums of the softmax. Either is computed
 * when it is first needed and kept until the logits change.
 *
 * <p>A limit below which logits count as -infinity is kept as a number, and another array's logits
 * are read where they are, until somebody needs them written: most of what follows a filter asks
 * for the few that it left.
 */
final class LogitArray {
  static final int BLOCK = 512;
  // Fewer than one in so many are gone through one logit after the other.
  private static final int FEW_BLOCKS = 4;
  private static final int BLOCKS_PER_CHUNK = Exponential.CHUNK / BLOCK;
  // A float whose bits are a NaN's marks a block whose highest logit has to be found again.
  private static final float STALE = Float.NaN;

  private final Workspace work;
  private float[] own = {};
  private MemorySegment ownMemory = MemorySegment.ofArray(own);
  // Its own, or those of the array that it was made from:
  private boolean isView;
  private float[] logits = own;
  private MemorySegment memory = ownMemory;
  private int size;
  // What is lower or higher counts as -infinity.
  private float limit = Float.NEGATIVE_INFINITY;
  private float ceiling = Float.POSITIVE_INFINITY;
  private float[] maxima = {};
  private boolean hasMaxima;
  private boolean hasStaleMaxima;
  private float max;
  private static final double[] NO_LANES = {};
  private final double[] lanes = new double[Exponential.LANES];
  private boolean hasSum;
  private double sum;

  LogitArray(Workspace work) {
    this.work = work;
  }

  /** The logits; those from {@link #size()} on mean nothing. */
  float[] logits() {
    settle();
    return logits;
  }

  /**
   * The logits, of which those below {@link #limit} count as -infinity; for reading only, once
   * {@link #max} has been asked for.
   */
  float[] unlimited() {
    return logits;
  }

  /** -infinity, or what none of the logits is below but -infinity itself. */
  float limit() {
    return limit;
  }

  float logit(int i) {
    float logit = logits[i];
    return logit < limit || logit > ceiling ? Float.NEGATIVE_INFINITY : logit;
  }

  /** Writes the logits as they are to its own array. */
  private void settle() {
    if (!isView && limit == Float.NEGATIVE_INFINITY) {
      return;
    }
    float[] from = logits;
    makeOwn(size);
    if (ceiling < Float.POSITIVE_INFINITY) {
      Loops.dropOutside(from, limit, ceiling, own, size);
      limit = Float.NEGATIVE_INFINITY;
      ceiling = Float.POSITIVE_INFINITY;
    } else if (limit > Float.NEGATIVE_INFINITY) {
      Loops.dropBelow(from, limit, own, size);
      limit = Float.NEGATIVE_INFINITY;
    } else {
      System.arraycopy(from, 0, own, 0, size);
    }
  }

  /** Goes over to its own array, with room for so many. */
  private void makeOwn(int capacity) {
    makeRoom(capacity);
    isView = false;
    logits = own;
    memory = ownMemory;
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
    settle();
    if (own.length < capacity) {
      own = Arrays.copyOf(own, capacity);
      ownMemory = MemorySegment.ofArray(own);
      logits = own;
      memory = ownMemory;
    }
    if (maxima.length < (capacity + BLOCK - 1) / BLOCK) {
      maxima = new float[(capacity + BLOCK - 1) / BLOCK];
      hasMaxima = false;
    }
  }

  /** Becomes what the source is, reading its logits where they are; nothing if that is itself. */
  private void view(LogitArray source) {
    if (source == this) {
      return;
    }
    isView = true;
    size = source.size;
    logits = source.logits;
    memory = source.memory;
    limit = source.limit;
    ceiling = source.ceiling;
    if (maxima.length < nBlocks()) {
      maxima = new float[nBlocks()];
    }
    takeMaxima(source);
  }

  /** Leaves a view, for logits that will all be written. */
  private void rewrite(LogitArray source) {
    size = source.size;
    makeOwn(size);
    limit = Float.NEGATIVE_INFINITY;
    ceiling = Float.POSITIVE_INFINITY;
    if (maxima.length < nBlocks()) {
      maxima = new float[nBlocks()];
    }
    hasMaxima = false;
    hasSum = false;
  }

  /** Says that any of them may have changed. */
  void changed() {
    hasMaxima = false;
    hasSum = false;
  }

  void set(int i, float logit) {
    settle();
    logits[i] = logit;
    hasSum = false;
    if (hasMaxima) {
      maxima[i / BLOCK] = STALE;
      hasStaleMaxima = true;
    }
  }

  /** Takes over all of another array's logits. */
  void copyFrom(LogitArray source) {
    view(source);
    settle();
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
    float[] from = source.logits();
    rewrite(source);
    takeMaxima(source);
    Loops.divide(from, divisor, own, size);
    if (hasMaxima) {
      // The same division, so the highest stay the highest, to the last bit.
      Loops.divide(maxima, divisor, maxima, nBlocks());
      max = Loops.divide(max, divisor);
      hasStaleMaxima |= !(max < Float.POSITIVE_INFINITY);
    }
  }

  /**
   * Becomes the source's logits (perhaps its own), with those below {@code lowest} -infinity; the
   * source's {@link #max} has been asked for.
   */
  void dropBelow(LogitArray source, float lowest) {
    view(source);
    hasSum = false;
    limit = Math.max(limit, lowest);
    for (int b = 0; b < nBlocks(); b++) {
      if (maxima[b] < limit) {
        maxima[b] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /** Becomes the source's logits, with those farther from the center than that -infinity. */
  void dropFar(LogitArray source, float center, float distance) {
    source.settle();
    view(source);
    hasSum = false;
    hasMaxima = false;
    limit = lastWithin(center, distance, Float.NEGATIVE_INFINITY);
    ceiling = lastWithin(center, distance, Float.POSITIVE_INFINITY);
  }

  /** The last number on the way to {@code end} that is, as floats go, no farther than that. */
  private static float lastWithin(float center, float distance, float end) {
    int within = Loops.ordered(center);
    int beyond = Loops.ordered(end);
    while (Math.abs((long) beyond - within) > 1) {
      int between = (int) (((long) within + beyond) >> 1);
      if (Math.abs(Loops.ofOrdered(between) - center) <= distance) {
        within = between;
      } else {
        beyond = between;
      }
    }
    return Loops.ofOrdered(within);
  }

  /** Becomes adaptive-p's logits for the source's (perhaps its own). */
  void adapt(LogitArray source, int[] names, AdaptedLogits adapted) {
    source.settle();
    int n = source.size;
    makeRoom(n);
    adapted.write(source, names, own);
    rewrite(source);
  }

  /** Makes its own array so long. */
  private void makeRoom(int capacity) {
    if (own.length < capacity) {
      own = new float[capacity];
      ownMemory = MemorySegment.ofArray(own);
    }
  }

  /** Whether no limit makes some of them -infinity. */
  boolean isWhole() {
    return limit == Float.NEGATIVE_INFINITY;
  }

  /** The standard deviation of those that are not -infinity. */
  double deviation() {
    return work.deviation.of(logits(), size);
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
      settle();
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
      sumUp(names, NO_LANES);
    }
    return sum;
  }

  private void sumUp(int[] names, double[] productLanes) {
    float highest = finiteMax(names);
    if (limit > Float.NEGATIVE_INFINITY) {
      if (productLanes.length == 0 && blocksFrom(limit) < nBlocks() / FEW_BLOCKS) {
        sumUpFew();
        return;
      }
      settle();
    }
    Exponential exponential = work.exponential;
    exponential.begin(logits, highest, lanes, NO_LANES, productLanes);
    for (int from = 0; from < size; from += Exponential.CHUNK) {
      int count = Math.min(Exponential.CHUNK, size - from);
      if (isZero(from)) {
        continue;
      }
      if (productLanes.length > 0) {
        exponential.sumAndProducts(from, count);
      } else {
        exponential.sum(from, count);
      }
    }
    exponential.finish();
    sum = Loops.sum(lanes);
    hasSum = true;
  }

  /** Where few blocks have any from the limit on, not all need be written. */
  private void sumUpFew() {
    Arrays.fill(lanes, 0);
    for (int b = 0; b < nBlocks(); b++) {
      int end = maxima[b] >= limit ? blockEnd(b) : 0;
      for (int i = b * BLOCK; i < end; i++) {
        if (logits[i] >= limit) {
          lanes[i % lanes.length] += power(logits[i]);
        }
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
   * @param withProducts whether to add up the powers times their exponents, too
   */
  double sumAndCollect(int center, int inner, int outer, Indices indices, boolean withProducts) {
    int[] marks = work.marks;
    Arrays.fill(marks, 0);
    indices.clear();
    double[] productLanes = withProducts ? work.productLanes : NO_LANES;
    Exponential exponential = work.exponential;
    exponential.begin(logits(), max, lanes, work.innerLanes, productLanes);
    exponential.range(center, inner, outer, marks);
    int begin = 0;
    int chunks = 0;
    for (int from = 0; from < size; from += Exponential.MARKED_CHUNK) {
      int count = Math.min(Exponential.MARKED_CHUNK, size - from);
      if (count < Exponential.MARKED_CHUNK) {
        // The last one is not whole, so the places behind it would lack a bit.
        indices.addMarked(marks, Exponential.MARKED_CHUNK, begin, chunks);
        Arrays.fill(marks, 0);
        begin = from;
        chunks = 0;
      }
      exponential.sumAndMark(from, count, withProducts);
      chunks++;
      if (chunks == Indices.MOST_MARKED || from + Exponential.MARKED_CHUNK >= size) {
        indices.addMarked(marks, Exponential.MARKED_CHUNK, begin, chunks);
        Arrays.fill(marks, 0);
        begin = from + Exponential.MARKED_CHUNK;
        chunks = 0;
      }
    }
    exponential.finish();
    sum = Loops.sum(lanes);
    hasSum = true;
    return Loops.sum(work.innerLanes);
  }

  /**
   * The logit that is as surprising as the entropy, -log(p) = H, from what {@link #sumAndCollect}
   * has summed up.
   */
  float centerOfCollected() {
    return center(entropyOf(work.productLanes));
  }

  /** The logit that is as surprising as that, once {@link #sum} has been asked for. */
  float center(double entropy) {
    return (float) (max + StrictMath.log(sum) - entropy);
  }

  private double entropyOf(double[] productLanes) {
    return StrictMath.log(sum) - Exponential.unfixed(Loops.sum(productLanes)) / sum;
  }

  /** Says what the sums of the lanes are; {@link #max} is what it was. */
  void setSum(double[] ofLanes) {
    System.arraycopy(ofLanes, 0, lanes, 0, lanes.length);
    sum = Loops.sum(lanes);
    hasSum = true;
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
    sumUp(names, work.productLanes);
    return entropyOf(work.productLanes);
  }

  /**
   * Writes e^(logit - highest) of each to {@code to}.
   *
   * @return their sum
   */
  double powers(int[] names, float[] to) {
    float highest = finiteMax(names);
    work.exponential.begin(logits(), highest, lanes, NO_LANES, NO_LANES);
    for (int from = 0; from < size; from += Exponential.CHUNK) {
      int count = Math.min(Exponential.CHUNK, size - from);
      if (isZero(from)) {
        Arrays.fill(to, from, from + count, 0);
      } else {
        System.arraycopy(work.exponential.sumAndPowers(from, count), 0, to, from, count);
      }
    }
    work.exponential.finish();
    sum = Loops.sum(lanes);
    hasSum = true;
    return sum;
  }

  /**
   * Sums up the powers, {@link #sum}, and their squares, both by lanes.
   *
   * @return whether none of the powers is 0
   */
  boolean sumSquares(int[] names, double[] squareLanes) {
    Exponential exponential = work.exponential;
    float highest = finiteMax(names);
    exponential.begin(logits(), highest, lanes, NO_LANES, squareLanes);
    for (int from = 0; from < size; from += Exponential.MARKED_CHUNK) {
      exponential.sumAndSquares(from, Math.min(Exponential.MARKED_CHUNK, size - from));
    }
    exponential.finish();
    sum = Loops.sum(lanes);
    hasSum = true;
    return exponential.leastExponent() > Exponential.LEAST;
  }

  /** The sums of the powers of each lane, once {@link #sum} has been asked for. */
  double[] lanes() {
    return lanes;
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
      float share = maxima[i / BLOCK] < max + Exponential.ZERO_BELOW ? 0 : power(logit(i));
      if (share > 0) {
        last = i;
        below += share;
      }
    }
    return last;
  }
}
