package org.ggml4j.sampling;

/** Keeps the best of {@link Logits}' candidates by partial selection. */
final class Filters {
  // Few candidates hold nearly all of the mass: these many are selected first.
  private static final int FIRST_TRY = 256;

  private Filters() {}

  static void keepTop(Logits logits, int k) {
    int kept = Math.min(k, logits.size());
    if (logits.isSorted()) {
      logits.shrink(kept);
    } else {
      selectTop(logits, kept);
      logits.list(kept, true);
    }
  }

  /** Puts the k best candidates in front of {@code logits.candidates}, sorted. */
  static void selectTop(Logits logits, int k) {
    int[] names = logits.names();
    float[] values = logits.current();
    if (names.length == 0) {
      logits.candidates.collectTop(values, logits.size(), k);
    } else {
      logits.candidates.collectAll(values, logits.size(), names);
      logits.candidates.sort(k);
    }
  }

  static void keepMass(Logits logits, float p, int minKeep) {
    Softmax softmax = logits.softmax();
    int size = logits.size();
    int kept = 0;
    double sum = 0;
    if (logits.isSorted()) {
      while (kept < size && !(kept >= minKeep && enough(sum, softmax, p))) {
        sum += softmax.exponential(kept++);
      }
      logits.shrink(kept);
      return;
    }
    int sorted = Math.min(Math.max(FIRST_TRY, minKeep), size);
    selectTop(logits, sorted);
    while (kept < size && !(kept >= minKeep && enough(sum, softmax, p))) {
      if (kept == sorted) {
        sorted = selectMore(logits, sorted);
      }
      sum += softmax.exponentialOf(logits.candidates.logit(kept++));
    }
    logits.list(kept, true);
  }

  private static int selectMore(Logits logits, int sorted) {
    int size = logits.size();
    int more = (int) Math.min(size, 4L * sorted);
    if (logits.candidates.size() < size) {
      logits.candidates.collectAll(logits.current(), size, logits.names());
      logits.candidates.sort(more);
    } else {
      logits.candidates.sortNext(sorted, more);
    }
    return more;
  }

  // Compared as floats, as p is one: 0.4 + 0.3 is then enough for 0.7.
  private static boolean enough(double sum, Softmax softmax, float p) {
    return (float) (sum / softmax.sum()) >= p;
  }

  static void keepNearBest(Logits logits, float below, int minKeep) {
    int size = logits.size();
    float[] values = logits.current();
    if (logits.isSorted()) {
      float limit = values[0] - below;
      int kept = minKeep;
      while (kept < size && values[kept] >= limit) {
        kept++;
      }
      logits.shrink(kept);
      return;
    }
    logits.candidates.collectNearMax(values, size, logits.names(), below);
    if (logits.candidates.size() < minKeep) {
      keepTop(logits, minKeep);
    } else {
      logits.list(logits.candidates.size(), false);
    }
  }
}
