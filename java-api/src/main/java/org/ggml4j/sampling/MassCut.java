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
  private static final int BUCKETS = 1024;
  private static final int SAMPLE = 8 * Exponential.CHUNK;
  private static final int SAMPLED_FROM = 2 * SAMPLE;
  private static final int SORTED_UP_TO = 48;
  // Standard deviations by which the sample's share of the mass may be off.
  private static final double DEVIATIONS = 3;
  private static final float WIDEST = 100;

  private final double[] mass = new double[BUCKETS];
  private final double[] sampledMass = new double[BUCKETS];
  private final float[] sample = new float[SAMPLE];
  private final float[] sampleKeys = new float[SAMPLE];
  private float[] nearness = {};
  private Subset range = new Subset();
  private Subset narrowed = new Subset();

  // One call's task:
  private float center;
  private boolean byNearness;
  private float[] keys = {};
  private float p;
  private double total;
  private float from; // the range: [from, to)
  private float to;
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
    keys = logits.array().logits();
    cut(logits, best, share);
  }

  /** Keeps those with the logits nearest to {@code middle} that have more than the share p. */
  void keepNearest(LogitState logits, int best, float middle, float share) {
    LogitArray array = logits.array();
    byNearness = true;
    center = middle;
    if (nearness.length < array.size()) {
      nearness = new float[array.logits().length];
    }
    keys = nearness;
    Loops.nearness(array.logits(), center, keys, array.size());
    cut(logits, best, share);
  }

  private float key(float logit) {
    return byNearness ? -Math.abs(logit - center) : logit;
  }

  private boolean enough(double sum) {
    return byNearness ? (float) (sum / total) > p : (float) (sum / total) >= p;
  }

  private void cut(LogitState logits, int best, float share) {
    LogitArray array = logits.array();
    p = share;
    total = array.sum(logits.names());
    from = -Float.MAX_VALUE;
    to = Float.POSITIVE_INFINITY;
    if (array.size() >= SAMPLED_FROM) {
      guess(array, logits.candidates, best);
    }
    double above = to == Float.POSITIVE_INFINITY ? 0 : array.sumFrom(keys, to);
    if (enough(above)) {
      above = 0;
      to = Float.POSITIVE_INFINITY;
    }
    collect(array);
    if (!enough(above + sum(range))) {
      above = 0;
      from = -Float.MAX_VALUE;
      to = Float.POSITIVE_INFINITY;
      collect(array);
    }
    findCut(array, logits.candidates, above);
    keep(logits);
  }

  /** Sets the range in which the cut is by all likelihood. */
  private void guess(LogitArray array, Candidates top, int best) {
    int n = array.size();
    float[] values = array.logits();
    float worst = top.logit(best - 1);
    int step = n / SAMPLE;
    int count = 0;
    for (int i = step / 2; i < n && count < SAMPLE; i += step) {
      float logit = values[i];
      if (logit < worst && logit > Float.NEGATIVE_INFINITY) {
        sampleKeys[count] = key(logit);
        sample[count++] = logit;
      }
    }
    float highest = byNearness ? 0 : top.logit(0);
    float lowest = highest;
    for (int i = 0; i < count; i++) {
      lowest = Math.min(lowest, sampleKeys[i]);
    }
    float scale = (BUCKETS - 1) / Math.min(highest - lowest, WIDEST);
    if (!(scale < Float.MAX_VALUE)) {
      return;
    }
    Arrays.fill(mass, 0);
    double topMass = 0;
    for (int i = 0; i < best; i++) {
      float power = array.power(top.logit(i));
      mass[bucket(key(top.logit(i)), highest, scale)] += power;
      topMass += power;
    }
    Arrays.fill(sampledMass, 0);
    double sampled = 0;
    double squares = 0;
    powers(array, sample, count);
    for (int i = 0; i < count; i++) {
      double power = sample[i];
      sampledMass[bucket(sampleKeys[i], highest, scale)] += power;
      sampled += power;
      squares += power * power;
    }
    if (sampled > 0) {
      narrow(highest, scale, (total - topMass) / sampled, sampled, squares);
    }
  }

  private void narrow(float highest, float scale, double weight, double sampled, double squares) {
    double target = p * total;
    double below = 0; // of the sample
    double sum = 0;
    int b = 0;
    while (b < BUCKETS - 1 && sum + mass[b] + weight * sampledMass[b] < target) {
      sum += mass[b] + weight * sampledMass[b];
      below += sampledMass[b];
      b++;
    }
    double share = Math.min(1, (below + sampledMass[b]) / sampled);
    double deviation = Math.sqrt(Math.max(share * (1 - share), 0.01) * squares) / sampled;
    double tolerance = DEVIATIONS * deviation * weight * sampled;
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
    if (first > 0) {
      to = highest - first / scale;
    }
    if (end < BUCKETS) {
      from = highest - end / scale;
    }
  }

  private static int bucket(float key, float highest, float scale) {
    return Math.clamp((int) ((highest - key) * scale), 0, BUCKETS - 1);
  }

  /** Turns logits into powers. */
  private static void powers(LogitArray array, float[] values, int count) {
    for (int i = 0; i < count; i += Exponential.CHUNK) {
      array.powersOf(values, i, Math.min(Exponential.CHUNK, count - i));
    }
  }

  /** Collects the candidates of the range. */
  private void collect(LogitArray array) {
    float[] values = array.logits();
    range.ensure(array.size());
    int size = 0;
    for (int b = 0; b < array.nBlocks(); b++) {
      if (byNearness || array.blockMax(b) >= from) {
        int begin = b * LogitArray.BLOCK;
        size = collect(keys, from, to, begin, array.blockEnd(b), range.index, range.key, size);
      }
    }
    range.size = size;
    for (int i = 0; i < size; i++) {
      range.power[i] = values[range.index[i]];
    }
    powers(array, range.power, size);
  }

  // Without a condition, which the processor would guess wrong too often: each is written down,
  // and the place moves on where the signs of two differences say so.
  private static int collect(
      float[] keys, float from, float to, int begin, int end, int[] index, float[] key, int size) {
    int at = size;
    for (int i = begin; i < end; i++) {
      float k = keys[i];
      index[at] = i;
      key[at] = k;
      int belowRange = Float.floatToRawIntBits(k - from);
      int belowEnd = Float.floatToRawIntBits(k - to);
      at += (~belowRange & belowEnd) >>> 31;
    }
    return at;
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
      for (int i = 0; i < some.size; i++) {
        float key = some.key[i];
        lowest = key < lowest ? key : lowest;
        highest = key > highest ? key : highest;
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
          if (keys[i] > cutKey || keys[i] == cutKey && i <= cutIndex) {
            logits.candidates.add(names.length == 0 ? i : names[i], values[i]);
          }
        }
      }
    }
    logits.list(logits.candidates.size(), false);
  }

  private void mask(LogitState logits) {
    if (byNearness) {
      logits.maskBelow(keys, cutKey);
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
