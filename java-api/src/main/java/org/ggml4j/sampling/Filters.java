package org.ggml4j.sampling;

/** Keeps the best of {@link Logits}' candidates by partial selection. */
final class Filters {
  // Few candidates hold nearly all of the mass: so many are looked at first.
  static final int FIRST_TRY = 64;

  /** Of a distribution that {@link #isWide} so many of the best are looked at. */
  static final int KNOWN = 16;

  private static final int SAMPLE = 4096;
  // Where more of the blocks than one in so many have survivors, the vocabulary is not listed.
  private static final int LISTED_PART = 8;
  private static final int LISTED_BLOCKS = 32;

  private Filters() {}

  static void keepTop(LogitState logits, int k) {
    if (logits.isListed() && logits.isSorted()) {
      logits.shrink(Math.min(k, logits.array().size()));
      return;
    }
    LogitArray array = logits.array();
    Candidates best = logits.candidates;
    int kept = Math.min(k, array.size());
    selectTop(array, logits.names(), kept, best);
    while (kept > 0 && logits.isRemoved(best.logit(kept - 1))) {
      kept--;
    }
    logits.list(kept, true);
  }

  /**
   * Puts the k best in front of {@code best}, sorted.
   *
   * @throws InvalidLogitsException if a logit is NaN or +infinity
   */
  static void selectTop(LogitArray array, int[] names, int k, Candidates best) {
    array.max(names);
    float limit = thresholdOfTop(array, k, best);
    best.collectFrom(array, names, limit);
    if (best.size() < k && limit > -Float.MAX_VALUE) {
      best.collectFrom(array, names, -Float.MAX_VALUE);
    }
    if (best.size() < k) {
      best.addBanned(array, names, k - best.size());
    }
    best.sort(k);
  }

  /** A logit from which on there are k or somewhat more; in rare cases fewer. */
  private static float thresholdOfTop(LogitArray array, int k, Candidates scratch) {
    int n = array.size();
    if (k < 1 || n <= 2 * LogitArray.BLOCK) {
      return -Float.MAX_VALUE;
    }
    // The k-th best of the blocks' highest: k blocks have one that is no worse.
    if (k <= array.nBlocks()) {
      scratch.collectBlocks(array);
      return Math.max(scratch.kthBest(k), -Float.MAX_VALUE);
    }
    int step = Math.max(1, n / SAMPLE);
    double expected = (double) k / step;
    double rank = expected + 4 * Math.sqrt(expected) + 4;
    if (step == 1 || rank >= (double) n / step) {
      return -Float.MAX_VALUE;
    }
    scratch.collectSample(array, step);
    return Math.max(scratch.kthBest((int) rank), -Float.MAX_VALUE);
  }

  static void keepMass(LogitState logits, float p, int minKeep) {
    logits.requireCandidates();
    LogitArray array = logits.array();
    Candidates best = logits.candidates;
    int size = array.size();
    int least = Math.clamp(minKeep, 1, size);
    int looked = Math.min(Math.max(FIRST_TRY, least), size);
    if (looked == FIRST_TRY && isWide(array, logits.names(), p, best)) {
      selectTop(array, logits.names(), KNOWN, best);
      logits.work.massCut().keepHighest(logits, KNOWN, p);
      return;
    }
    selectTop(array, logits.names(), looked, best);
    if (!array.hasSum()
        && array.size() >= MassCut.SAMPLED_FROM
        && isShort(array, best, looked, p)) {
      logits.work.massCut().keepHighest(logits, looked, p);
      return;
    }
    double total = array.sum(logits.names());
    while (true) {
      double sum = 0;
      for (int i = 0; i < looked; i++) {
        float logit = best.logit(i);
        if (i >= least && logit == Float.NEGATIVE_INFINITY) {
          logits.list(i, true); // no more mass, though rounding leaves the sum short of p
          return;
        }
        sum += array.power(logit);
        if (i + 1 >= least && enough(sum, total, p)) {
          logits.list(i + 1, true);
          return;
        }
      }
      if (looked == size) {
        logits.list(size, true);
        return;
      }
      // At least so many more are needed, as none of them is likelier than the last one.
      double more = (p * total - sum) / array.power(best.logit(looked - 1));
      int next = secondTry(array);
      if (looked >= next || looked + more > next) {
        logits.work.massCut().keepHighest(logits, looked, p);
        return;
      }
      looked = next;
      selectTop(array, logits.names(), looked, best);
    }
  }

  /**
   * Whether by the highest logits of the blocks the best candidates of a first try seem to have
   * less than the share p of the mass: then hardly any of them need be known.
   */
  static boolean isWide(LogitArray array, int[] names, float p, Candidates scratch) {
    if (array.size() < MassCut.SAMPLED_FROM || array.max(names) == Float.NEGATIVE_INFINITY) {
      return false;
    }
    int looked = Math.min(FIRST_TRY, array.nBlocks());
    scratch.collectBlocks(array);
    scratch.kthBest(looked);
    double sum = 0;
    for (int i = 0; i < looked; i++) {
      sum += array.power(scratch.logit(i));
    }
    return sum < p * array.leastSum();
  }

  /** Whether it can be seen without the sum over all that these have not the mass. */
  private static boolean isShort(LogitArray array, Candidates best, int count, float p) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += array.power(best.logit(i));
    }
    return sum < p * array.leastSum();
  }

  /** How many are looked at when the first few were not enough; more would cost much more. */
  static int secondTry(LogitArray array) {
    return Math.min(Math.max(array.nBlocks() / 2, 2 * FIRST_TRY), array.size());
  }

  // Compared as floats, as p is one: 0.4 + 0.3 is then enough for 0.7.
  static boolean enough(double sum, double total, float p) {
    return (float) (sum / total) >= p;
  }

  /** Whether the logits from the limit on are in so many places that a mask is made sooner. */
  static boolean isTooManyToList(LogitArray array, float limit) {
    return array.blocksFrom(limit) > Math.max(LISTED_BLOCKS, array.nBlocks() / LISTED_PART);
  }

  static void keepNearBest(LogitState logits, float below, int minKeep) {
    logits.requireCandidates();
    LogitArray array = logits.array();
    float limit = array.max(logits.names()) - below;
    int least = Math.clamp(minKeep, 1, array.size());
    if (logits.isListed() && logits.isSorted()) {
      int kept = least;
      while (kept < array.size() && array.logits()[kept] >= limit) {
        kept++;
      }
      logits.shrink(kept);
      return;
    }
    if (limit == Float.NEGATIVE_INFINITY) {
      return;
    }
    if (!logits.isListed() && array.blocksFrom(limit) >= least && isTooManyToList(array, limit)) {
      logits.maskBelow(limit);
      return;
    }
    logits.candidates.collectFrom(array, logits.names(), limit);
    if (logits.candidates.size() < least) {
      keepTop(logits, least);
    } else {
      logits.list(logits.candidates.size(), false);
    }
  }
}
