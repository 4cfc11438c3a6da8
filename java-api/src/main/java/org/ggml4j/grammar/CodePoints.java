package org.ggml4j.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A set of Unicode scalar values: sorted ranges that neither touch nor overlap. Surrogates are
 * never in it, as UTF-8 can't write them.
 */
record CodePoints(List<Range> ranges) {
  static final int MAX = Character.MAX_CODE_POINT;
  static final CodePoints ALL = of(List.of(new Range(0, MAX)));

  /** The code points from {@code first} to {@code last}, both included. */
  record Range(int first, int last) {}

  /** The union of ranges that may overlap and stand in any order, without the surrogates. */
  static CodePoints of(List<Range> any) {
    List<Range> parts = new ArrayList<>();
    for (Range r : any) {
      add(parts, r.first, Math.min(r.last, Character.MIN_SURROGATE - 1));
      add(parts, Math.max(r.first, Character.MAX_SURROGATE + 1), r.last);
    }
    parts.sort(Comparator.comparingInt(Range::first));
    List<Range> merged = new ArrayList<>();
    for (Range r : parts) {
      int n = merged.size();
      if (n > 0 && r.first <= merged.get(n - 1).last + 1) {
        Range before = merged.get(n - 1);
        merged.set(n - 1, new Range(before.first, Math.max(before.last, r.last)));
      } else {
        merged.add(r);
      }
    }
    return new CodePoints(List.copyOf(merged));
  }

  private static void add(List<Range> to, int first, int last) {
    if (first <= last) {
      to.add(new Range(first, last));
    }
  }

  /** All scalar values that are not in this set. */
  CodePoints complement() {
    List<Range> gaps = new ArrayList<>();
    int next = 0;
    for (Range r : ranges) {
      add(gaps, next, r.first - 1);
      next = r.last + 1;
    }
    add(gaps, next, MAX);
    return of(gaps);
  }

  /** Whether it has ASCII characters only. */
  boolean isAscii() {
    return ranges.isEmpty() || ranges.get(ranges.size() - 1).last < 0x80;
  }
}
