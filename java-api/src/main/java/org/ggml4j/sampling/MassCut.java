package org.ggml4j.sampling;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the best candidates that together have a given probability when these are very many, so
 * that sorting them is out of the question. "Best" is by a key: the logit, or its nearness to some
 * value.
 *
 * <p>A sample tells within which narrow range of keys the cut must be, and about where the center
 * is, if that is not known. One pass over all sums up the mass, that above the range and what gives
 * the center, and collects the few candidates within the range; histograms of them narrow it down
 * to one candidate. Should the sample have misled, the range is widened to everything.
 */
final class MassCut {
  private static final int BUCKETS = 2048;

  /** Of fewer candidates none is sampled. */
  static final int SAMPLED_FROM = 2 * MassSample.SIZE;

  private static final int SORTED_UP_TO = 48;
  private static final int[] NO_NAMES = {};

  private @Nullable MassSample sample;
  private final double[] mass = new double[BUCKETS];
  private int[] buckets = {};
  private final Indices indices = new Indices();
  private final Subset range = new Subset();
  private final Subset narrowed = new Subset();

  // One call's task:
  private float center;
  private boolean byNearness;
  private boolean isCenterKnown;
  private float p;
  private double total;
  // The range, in distances of fixed-point exponents from that of the center, or about that:
  private int middle;
  private int trueMiddle;
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
    isCenterKnown = true;
    trueMiddle = 0;
    cut(logits, best, share);
  }

  /** Keeps those with the logits nearest to {@code to} that have more than the share p. */
  void keepNearest(LogitState logits, int best, float to, float share) {
    byNearness = true;
    isCenterKnown = true;
    center = to;
    trueMiddle = logits.array().exponent(to);
    cut(logits, best, share);
  }

  /**
   * {@link #keepNearest} to the logit that is as surprising as the entropy, which this finds in the
   * same pass; for at least {@value #SAMPLED_FROM} candidates.
   */
  void keepTypical(LogitState logits, int best, float share) {
    byNearness = true;
    isCenterKnown = false;
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
    takeAll();
    if (array.size() >= SAMPLED_FROM) {
      guess(array, logits.candidates, best);
    }
    if (!cutInRange(array, logits.candidates)) {
      takeAll();
      cutInRange(array, logits.candidates);
    }
    keep(logits);
  }

  /** Makes everything the range. */
  private void takeAll() {
    middle = trueMiddle;
    outermost = middle - Exponential.LEAST;
    inner = 0;
    outer = outermost;
  }

  /** Sets the range in which the cut is by all likelihood. */
  private void guess(LogitArray array, Candidates top, int best) {
    MassSample guesses = sample;
    if (guesses == null) {
      guesses = new MassSample(array, top);
      sample = guesses;
    }
    if (guesses.take(array, top, best)) {
      if (!isCenterKnown) {
        middle = guesses.estimateMean();
        outermost = middle - Exponential.LEAST;
      }
      guesses.guess(middle, p, !isCenterKnown);
      inner = guesses.inner();
      outer = Math.min(outermost, guesses.outer());
    }
  }

  /** Finds the cut, or that it is not in the range. */
  private boolean cutInRange(LogitArray array, Candidates scratch) {
    double above = array.sumAndCollect(middle, inner, outer, indices, !isCenterKnown);
    total = array.sum(NO_NAMES);
    if (!isCenterKnown) {
      isCenterKnown = true;
      center = array.centerOfCollected();
      trueMiddle = array.exponent(center);
    }
    if (inner > 0 && enough(above)) {
      return false;
    }
    take(array);
    return findCut(array, scratch, above) && (!byNearness || isClear(array));
  }

  /**
   * Whether the cut is not so near to the ends of the range that by its key one beyond could be on
   * the other side: exponents and keys are rounded in different ways, and the range may be around
   * another middle.
   */
  private boolean isClear(LogitArray array) {
    int distance = Math.abs(array.exponent(array.logits()[cutIndex]) - trueMiddle);
    int error = Math.abs(middle - trueMiddle) + 16 + (Math.max(-middle, outer) >> 18);
    return (inner == 0 || distance - inner > error)
        && (outer == outermost || outer - distance > error);
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
    }
    if (byNearness) {
      findNearness(range.power, center, range.key, size);
    } else {
      System.arraycopy(range.power, 0, range.key, 0, size);
    }
    array.powersOf(range.power, size);
  }

  private static void findNearness(float[] logits, float center, float[] keys, int n) {
    for (int i = 0; i < n; i++) {
      keys[i] = -Math.abs(logits[i] - center);
    }
  }

  /**
   * Finds the last candidate to keep; of several with its key, those with higher indices go.
   *
   * @return whether it is in the range
   */
  private boolean findCut(LogitArray array, Candidates scratch, double aboveRange) {
    double above = aboveRange;
    Subset some = range;
    boolean mayBeBeyond = outer < outermost;
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
        return walk(some, array, scratch, above) || !mayBeBeyond;
      }
      int b = bucketOfCut(some, highest, scale, above);
      for (int i = 0; i < b; i++) {
        above += mass[i];
      }
      if (mayBeBeyond && !enough(above + mass[b])) {
        return false;
      }
      mayBeBeyond = false;
      narrowDown(some, b);
      some = narrowed;
    }
  }

  /** The bucket that has the cut, or the last one. */
  private int bucketOfCut(Subset some, float highest, float scale, double above) {
    if (buckets.length < some.size) {
      buckets = new int[some.index.length];
    }
    Arrays.fill(mass, 0);
    findBuckets(some.key, highest, scale, buckets, some.size);
    for (int i = 0; i < some.size; i++) {
      mass[buckets[i]] += some.power[i];
    }
    double sum = above;
    int b = 0;
    while (b < BUCKETS - 1 && !enough(sum + mass[b])) {
      sum += mass[b++];
    }
    return b;
  }

  private static void findBuckets(float[] keys, float highest, float scale, int[] buckets, int n) {
    for (int i = 0; i < n; i++) {
      buckets[i] = Math.min(Math.max((int) ((highest - keys[i]) * scale), 0), BUCKETS - 1);
    }
  }

  /** Keeps the candidates of one bucket. */
  private void narrowDown(Subset some, int bucket) {
    int n = some.size;
    narrowed.ensure(n);
    int size = 0;
    for (int i = 0; i < n; i++) {
      if (buckets[i] == bucket) {
        narrowed.index[size] = some.index[i];
        narrowed.power[size] = some.power[i];
        narrowed.key[size++] = some.key[i];
      }
    }
    narrowed.size = size;
  }

  /**
   * Goes through a few candidates, or through many that have the same key.
   *
   * @return whether they have enough; if not, the last of them is the cut
   */
  private boolean walk(Subset some, LogitArray array, Candidates scratch, double above) {
    if (some.size == 0) {
      return false;
    }
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
      return enough(above + (i + 1) * power);
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
    return enough(sum);
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
    double[] lanes = logits.work.innerLanes;
    if (byNearness) {
      logits.maskFar(center, -cutKey);
    } else {
      logits.maskBelow(cutKey);
    }
    LogitArray array = logits.array();
    for (int i = 0; i < range.size; i++) {
      if (range.key[i] == cutKey && range.index[i] > cutIndex) {
        array.set(range.index[i], Float.NEGATIVE_INFINITY);
        range.power[i] = 0;
      }
    }
    if (!byNearness) {
      for (int i = 0; i < range.size; i++) {
        lanes[range.index[i] % Exponential.LANES] += range.key[i] < cutKey ? 0 : range.power[i];
      }
      array.setSum(lanes);
    }
  }
}
