package org.ggml4j.sampling;

import java.util.Arrays;

/**
 * Keeps the best candidates that together have a given probability when these are very many, so
 * that sorting them is out of the question. "Best" is by a key: the logit, or its nearness to some
 * value.
 *
 * <p>A sample tells within which narrow range of keys the cut must be. The mass above the range is
 * summed up exactly, the few candidates within it are collected, and histograms of them narrow it
 * down to one candidate. Should the sample have misled, the range is widened to everything.
 */
final class MassCut {
  private static final int BUCKETS = 2048;
  private static final int SAMPLE = 4 * Exponential.CHUNK;

  /** Of fewer candidates none is sampled. */
  static final int SAMPLED_FROM = 2 * SAMPLE;

  private static final int SORTED_UP_TO = 48;
  // Standard deviations by which the sample's share of the mass may be off.
  private static final double DEVIATIONS = 2.5;
  // Farther away there is no mass to speak of: 24 binary orders of magnitude.
  private static final int FARTHEST = 24 << 23;

  private static final int[] NO_NAMES = {};

  private final double[] mass = new double[BUCKETS];
  private final double[] sampledMass = new double[BUCKETS];
  private final double[] sampledSquares = new double[BUCKETS];
  private final float[] sample = new float[SAMPLE];
  private final int[] sampleExponents = new int[SAMPLE];
  private final Indices indices = new Indices();
  private final Subset range = new Subset();
  private final Subset narrowed = new Subset();

  // One call's task:
  private float center;
  private boolean byNearness;
  private float p;
  private double total;
  // The range, in distances of fixed-point exponents from that of the center:
  private int middle;
  private int inner;
  private int outer;
  private int outermost;
  private float cutKey;
  private int cutIndex;

  /** Some candidates: index, key, and e^(logit - highest). */
  private static final class Subset {
    int size;
    int[] index = {};
    float[] key = {};
    float[] power = {};

    void ensure(int capacity) {
      if (index.length < capacity) {
        int room = Math.max(capacity, 2 * index.length);
        index = Arrays.copyOf(index, room);
        key = Arrays.copyOf(key, room);
        power = Arrays.copyOf(power, room);
      }
    }
  }

  /**
   * Keeps the candidates with the highest logits that have at least the share p of the mass; {@link
   * LogitState#candidates} holds some of the best, sorted, and they have less.
   */
  void keepHighest(LogitState logits, int best, float share) {
    byNearness = false;
    middle = 0;
    cut(logits, best, share);
  }

  /** Keeps those with the logits nearest to {@code to} that have more than the share p. */
  void keepNearest(LogitState logits, int best, float to, float share) {
    byNearness = true;
    center = to;
    middle = logits.array().exponent(to);
    cut(logits, best, share);
  }

  private float key(float logit) {
    return byNearness ? -Math.abs(logit - center) : logit;
  }

  /** The key at a distance of exponents from that of the center. */
  private float keyAt(LogitArray array, int distance) {
    float far = Exponential.logitOf(-distance);
    return byNearness ? far : array.max(NO_NAMES) + far;
  }

  private boolean enough(double sum) {
    return byNearness ? (float) (sum / total) > p : (float) (sum / total) >= p;
  }

  private void cut(LogitState logits, int best, float share) {
    LogitArray array = logits.array();
    p = share;
    inner = 0;
    outermost = middle - Exponential.LEAST;
    outer = outermost;
    if (array.size() >= SAMPLED_FROM) {
      guess(array, logits.candidates, best);
    }
    if (!cutInRange(array, logits.candidates)) {
      inner = 0;
      outer = outermost;
      cutInRange(array, logits.candidates);
    }
    keep(logits);
  }

  /** Finds the cut, or that it is not in the range. */
  private boolean cutInRange(LogitArray array, Candidates scratch) {
    double above = array.sumAndCollect(middle, inner, outer, indices);
    total = array.sum(NO_NAMES);
    if (inner > 0 && enough(above)) {
      return false;
    }
    take(array);
    if (outer < outermost && !enough(above + sum(range))) {
      return false;
    }
    findCut(array, scratch, above);
    return !byNearness || isClear(array);
  }

  /**
   * Whether the cut is not so near to the ends of the range that by its key one beyond could be on
   * the other side: exponents and keys are rounded in different ways.
   */
  private boolean isClear(LogitArray array) {
    int distance = Math.abs(array.exponent(array.logits()[cutIndex]) - middle);
    int rounding = 16 + (Math.max(-middle, outer) >> 18);
    return (inner == 0 || distance - inner > rounding)
        && (outer == outermost || outer - distance > rounding);
  }

  /** Sets the range in which the cut is by all likelihood. */
  private void guess(LogitArray array, Candidates top, int best) {
    int count = takeSample(array, top.logit(best - 1));
    array.powersOf(sample, sampleExponents, count);
    int farthest = 1;
    for (int i = 0; i < count; i++) {
      farthest = Math.max(farthest, Math.abs(sampleExponents[i] - middle));
    }
    int shift = 1 + Integer.SIZE - Integer.numberOfLeadingZeros(Math.min(farthest, FARTHEST));
    shift = Math.max(0, shift - Integer.numberOfTrailingZeros(BUCKETS) - 1);
    Arrays.fill(mass, 0);
    Arrays.fill(sampledMass, 0);
    Arrays.fill(sampledSquares, 0);
    double topMass = 0;
    for (int i = 0; i < best; i++) {
      float power = array.power(top.logit(i));
      mass[bucket(array.exponent(top.logit(i)), shift)] += power;
      topMass += power;
    }
    double sampled = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      double power = sample[i];
      int b = bucket(sampleExponents[i], shift);
      sampledMass[b] += power;
      sampledSquares[b] += power * power;
      sampled += power;
      squares += power * power;
    }
    if (sampled > 0) {
      double rest =
          array.hasSum()
              ? Math.max(0, array.sum(NO_NAMES) - topMass)
              : sampled / count * (array.size() - best);
      narrow(shift, topMass, rest, sampled, squares);
    }
  }

  private int takeSample(LogitArray array, float worst) {
    int n = array.size();
    float[] values = array.logits();
    int step = n / SAMPLE;
    int count = 0;
    for (int i = step / 2; i < n && count < SAMPLE; i += step) {
      float logit = values[i];
      if (logit < worst && logit > Float.NEGATIVE_INFINITY) {
        sample[count++] = logit;
      }
    }
    return count;
  }

  private int bucket(int exponent, int shift) {
    return Math.min(Math.abs(exponent - middle) >> shift, BUCKETS - 1);
  }

  /**
   * Sets the range to the buckets in which the mass comes to the target, and those around them as
   * far as the sample may be wrong.
   *
   * @param top mass of the candidates that are known
   * @param rest mass of those of which some are sampled
   */
  private void narrow(int shift, double top, double rest, double sampled, double squares) {
    double weight = rest / sampled;
    double target = p * (top + rest);
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
    double leverage = top * (1 - p) / rest;
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
    inner = first << shift;
    if (end < BUCKETS) {
      outer = Math.min(outermost, end << shift);
    }
  }

  /** Looks up the candidates of the range. */
  private void take(LogitArray array) {
    float[] values = array.logits();
    int size = indices.size();
    range.ensure(size);
    range.size = size;
    for (int i = 0; i < size; i++) {
      int index = indices.get(i);
      range.index[i] = index;
      range.power[i] = values[index];
      range.key[i] = key(values[index]);
    }
    array.powersOf(range.power, size);
  }

  private static double sum(Subset some) {
    double sum = 0;
    for (int i = 0; i < some.size; i++) {
      sum += some.power[i];
    }
    return sum;
  }

  /** Finds the last candidate to keep; of several with its key, those with higher indices go. */
  private void findCut(LogitArray array, Candidates scratch, double aboveRange) {
    double above = aboveRange;
    Subset some = range;
    while (true) {
      float lowest = Float.POSITIVE_INFINITY;
      float highest = Float.NEGATIVE_INFINITY;
      if (some == range && outer < outermost) {
        // What is beyond them by rounding counts as at the end, and stays in order.
        highest = keyAt(array, inner);
        lowest = keyAt(array, outer);
      } else {
        for (int i = 0; i < some.size; i++) {
          float key = some.key[i];
          lowest = key < lowest ? key : lowest;
          highest = key > highest ? key : highest;
        }
      }
      float scale = (BUCKETS - 1) / (highest - lowest);
      if (some.size <= SORTED_UP_TO || !(scale < Float.MAX_VALUE)) {
        walk(some, array, scratch, above);
        return;
      }
      above += narrowDown(some, highest, scale, above);
      some = narrowed;
    }
  }

  /** Keeps the bucket that has the cut; returns the mass above it. */
  private double narrowDown(Subset some, float highest, float scale, double above) {
    Arrays.fill(mass, 0);
    for (int i = 0; i < some.size; i++) {
      mass[bucket(some.key[i], highest, scale)] += some.power[i];
    }
    int last = BUCKETS - 1;
    double sum = 0;
    int b = 0;
    while (b < last && !enough(above + sum + mass[b])) {
      sum += mass[b++];
    }
    narrowed.ensure(some.size);
    int size = 0;
    for (int i = 0; i < some.size; i++) {
      if (bucket(some.key[i], highest, scale) == b) {
        narrowed.index[size] = some.index[i];
        narrowed.power[size] = some.power[i];
        narrowed.key[size++] = some.key[i];
      }
    }
    narrowed.size = size;
    return sum;
  }

  private static int bucket(float key, float highest, float scale) {
    return Math.clamp((int) ((highest - key) * scale), 0, BUCKETS - 1);
  }

  /** Goes through a few candidates, or through many that have the same key. */
  private void walk(Subset some, LogitArray array, Candidates scratch, double above) {
    boolean isOneKey = true;
    for (int i = 1; i < some.size && isOneKey; i++) {
      isOneKey = some.key[i] == some.key[0];
    }
    int last = some.size - 1;
    int i = 0;
    if (isOneKey && !byNearness) {
      double power = some.power[0];
      Arrays.sort(some.index, 0, some.size);
      i = (int) Math.clamp((p * total - above) / power - 2, 0, last);
      while (i < last && !enough(above + (i + 1) * power)) {
        i++;
      }
      cutKey = some.key[i];
      cutIndex = some.index[i];
      return;
    }
    scratch.clear();
    for (int j = 0; j < some.size; j++) {
      scratch.add(some.index[j], some.key[j]);
    }
    scratch.sort(some.size);
    double sum = above + array.power(array.logits()[scratch.token(0)]);
    while (i < last && !enough(sum)) {
      i++;
      sum += array.power(array.logits()[scratch.token(i)]);
    }
    cutKey = scratch.logit(i);
    cutIndex = scratch.token(i);
  }

  private void keep(LogitState logits) {
    LogitArray array = logits.array();
    if (!logits.isListed() && (byNearness || Filters.isTooManyToList(array, cutKey))) {
      mask(logits);
      return;
    }
    int[] names = logits.names();
    float[] values = array.logits();
    logits.candidates.clear();
    for (int b = 0; b < array.nBlocks(); b++) {
      if (byNearness || array.blockMax(b) >= cutKey) {
        int end = array.blockEnd(b);
        for (int i = b * LogitArray.BLOCK; i < end; i++) {
          float key = key(values[i]);
          if (key > cutKey || key == cutKey && i <= cutIndex) {
            logits.candidates.add(names.length == 0 ? i : names[i], values[i]);
          }
        }
      }
    }
    logits.list(logits.candidates.size(), false);
  }

  private void mask(LogitState logits) {
    if (byNearness) {
      logits.maskFar(center, -cutKey);
    } else {
      logits.maskBelow(cutKey);
    }
    for (int i = 0; i < range.size; i++) {
      if (range.key[i] == cutKey && range.index[i] > cutIndex) {
        logits.array().set(range.index[i], Float.NEGATIVE_INFINITY);
      }
    }
  }
}
