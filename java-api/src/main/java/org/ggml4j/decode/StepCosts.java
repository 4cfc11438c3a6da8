package org.ggml4j.decode;

import java.util.Arrays;

/**
 * What a step over several tokens costs, as a multiple of a step over one; learned from the steps
 * that are made.
 *
 * <p>Medians of the last few, because a pause of the machine says nothing about the model. A size
 * that was never tried is estimated from its neighbours, and before any was, from a rule of thumb:
 * a step reads all weights once, however many tokens it has.
 */
final class StepCosts {
  private static final int KEPT_PLAIN = 15;
  private static final int NEEDED_PLAIN = 3;
  private static final int KEPT = 5;

  /** A size that was not tried for so many steps is as good as unknown. */
  private static final int FORGET_AFTER = 1024;

  private final Recent plain = new Recent(KEPT_PLAIN);
  private final Recent[] bySize;
  private final long[] lastSeen;
  private long now;

  /**
   * @param maxRows largest size
   */
  StepCosts(int maxRows) {
    bySize = new Recent[maxRows + 1];
    lastSeen = new long[maxRows + 1];
    for (int rows = 2; rows <= maxRows; rows++) {
      bySize[rows] = new Recent(KEPT);
    }
  }

  /** Takes note of how long a step took. */
  void record(int rows, long nanos) {
    now++;
    if (rows == 1) {
      plain.add((double) Math.max(1, nanos));
    } else if (isKnown()) {
      Recent recent = bySize[rows];
      if (!isFresh(rows)) {
        // The first step of a size builds its graph and touches new memory, so it says only half.
        double expected = of(rows);
        recent.clear();
        recent.add(expected);
      }
      recent.add(nanos / plain.median());
      lastSeen[rows] = now;
    }
  }

  /** Whether enough steps over one token were seen to say anything. */
  boolean isKnown() {
    return plain.count() >= NEEDED_PLAIN;
  }

  /** Nanoseconds of a step over one token. */
  double plainNanos() {
    return plain.median();
  }

  /** The cost of a step over so many tokens, which may be more than the largest size; 1 for one. */
  double of(int rows) {
    if (rows <= 1) {
      return 1;
    }
    int below = Math.min(rows, bySize.length - 1);
    while (below >= 2 && !isFresh(below)) {
      below--;
    }
    int above = rows;
    while (above < bySize.length && !isFresh(above)) {
      above++;
    }
    double correction;
    if (below < 2 && above >= bySize.length) {
      correction = 1;
    } else if (below < 2) {
      correction = correction(above);
    } else if (above >= bySize.length || above == below) {
      correction = correction(below);
    } else {
      double share = (rows - below) / (double) (above - below);
      correction = (1 - share) * correction(below) + share * correction(above);
    }
    return Math.max(1, correction * ruleOfThumb(rows));
  }

  /**
   * The cost of a step over so many tokens with some caution: a size of more than twice the largest
   * that was tried may cost as much per token as that one.
   */
  double atMost(int rows) {
    int known = Math.min(rows, bySize.length - 1);
    while (known >= 2 && !isFresh(known)) {
      known--;
    }
    double estimate = of(rows);
    return rows <= 2 * known ? estimate : Math.max(estimate, of(known) * rows / known);
  }

  private boolean isFresh(int rows) {
    return bySize[rows].count() > 0 && now - lastSeen[rows] < FORGET_AFTER;
  }

  private double correction(int rows) {
    return bySize[rows].median() / ruleOfThumb(rows);
  }

  private static double ruleOfThumb(int rows) {
    return 1.2 + 0.08 * rows;
  }

  /** The last few of a series of numbers. */
  private static final class Recent {
    private final double[] values;
    private final double[] sorted;
    private int count;
    private int next;
    private double median;

    Recent(int capacity) {
      values = new double[capacity];
      sorted = new double[capacity];
    }

    void add(double value) {
      values[next] = value;
      next = (next + 1) % values.length;
      count = Math.min(count + 1, values.length);
      System.arraycopy(values, 0, sorted, 0, count);
      Arrays.sort(sorted, 0, count);
      median = (sorted[count / 2] + sorted[(count - 1) / 2]) / 2;
    }

    void clear() {
      count = 0;
      next = 0;
    }

    int count() {
      return count;
    }

    double median() {
      return median;
    }
  }
}
