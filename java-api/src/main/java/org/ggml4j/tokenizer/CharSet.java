package org.ggml4j.tokenizer;

import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A set of characters that a word pattern names.
 *
 * <p>In the reading of llama.cpp ({@code src/unicode.cpp}): white space beyond ASCII is all alike
 * and only in {@code \s} (and what a negated set leaves), even if a range spans it.
 */
final class CharSet {
  private final int classes;
  // Pairs of first and last, ascending and apart.
  private final int[] ranges;
  private final boolean negated;
  private final @Nullable CharSet and;

  /**
   * @param classes bits of {@link CharClass}
   * @param ranges pairs of first and last code point
   * @param and the set to intersect with
   */
  CharSet(int classes, int[] ranges, boolean negated, @Nullable CharSet and) {
    this.classes = classes;
    this.ranges = ranges.clone();
    this.negated = negated;
    this.and = and;
  }

  /** Whether a character is in it, given its class. */
  boolean contains(int cp, int cls) {
    boolean inside = (cls & classes) != 0 || inRanges(cp, cls);
    return inside != negated && (and == null || and.contains(cp, cls));
  }

  private boolean inRanges(int cp, int cls) {
    if (cls == CharClass.SPACE && cp >= 0x80) {
      return false;
    }
    int low = 0;
    int high = ranges.length / 2;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ranges[2 * middle + 1] < cp) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return 2 * low < ranges.length && ranges[2 * low] <= cp;
  }

  /** Adds the code points at which membership changes, apart from classes. */
  void addLimits(Set<Integer> limits) {
    for (int i = 0; i < ranges.length; i += 2) {
      limits.add(ranges[i]);
      limits.add(ranges[i + 1] + 1);
    }
    if (and != null) {
      and.addLimits(limits);
    }
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof CharSet other
        && classes == other.classes
        && negated == other.negated
        && Arrays.equals(ranges, other.ranges)
        && (and == null ? other.and == null : and.equals(other.and));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * classes + Arrays.hashCode(ranges)) + (negated ? 1 : 0);
  }
}
