package org.ggml4j.schema;

import java.util.Arrays;
import java.util.function.IntPredicate;

/** A set of Unicode scalar values (code points without surrogates), as sorted, disjoint ranges. */
final class CodePointSet {
  static final int MAX = Character.MAX_CODE_POINT;

  /** No character. */
  static final CodePointSet NONE = new CodePointSet(new int[0]);

  /** All characters. */
  static final CodePointSet ALL =
      new CodePointSet(
          new int[] {0, Character.MIN_SURROGATE - 1, Character.MAX_SURROGATE + 1, MAX});

  /** First and last of each range, both inclusive; ranges that touch are one. */
  private final int[] ranges;

  private CodePointSet(int[] ranges) {
    this.ranges = ranges;
  }

  static CodePointSet of(int codePoint) {
    return range(codePoint, codePoint);
  }

  static CodePointSet range(int first, int last) {
    return new CodePointSet(new int[] {first, last}).and(ALL);
  }

  /** Each of the characters of a text. */
  static CodePointSet anyOf(String characters) {
    CodePointSet set = NONE;
    for (int c : characters.codePoints().toArray()) {
      set = set.or(of(c));
    }
    return set;
  }

  /** Those that a predicate holds for. */
  static CodePointSet where(IntPredicate predicate) {
    Builder found = new Builder(64);
    for (int c = 0; c <= MAX; c++) {
      if (predicate.test(c)) {
        int first = c;
        while (c < MAX && predicate.test(c + 1)) {
          c++;
        }
        found.add(first, c);
      }
    }
    return found.build().and(ALL);
  }

  int rangeCount() {
    return ranges.length / 2;
  }

  int first(int range) {
    return ranges[2 * range];
  }

  int last(int range) {
    return ranges[2 * range + 1];
  }

  boolean isEmpty() {
    return ranges.length == 0;
  }

  boolean isSingle() {
    return ranges.length == 2 && ranges[0] == ranges[1];
  }

  boolean contains(int codePoint) {
    int at = Arrays.binarySearch(ranges, codePoint);
    return at >= 0 || (-at - 1) % 2 == 1;
  }

  CodePointSet and(CodePointSet that) {
    Builder both = new Builder(rangeCount() + that.rangeCount());
    int i = 0;
    int j = 0;
    while (i < rangeCount() && j < that.rangeCount()) {
      int first = Math.max(first(i), that.first(j));
      int last = Math.min(last(i), that.last(j));
      if (first <= last) {
        both.add(first, last);
      }
      if (last(i) < that.last(j)) {
        i++;
      } else {
        j++;
      }
    }
    return both.build();
  }

  CodePointSet or(CodePointSet that) {
    Builder either = new Builder(rangeCount() + that.rangeCount());
    int i = 0;
    int j = 0;
    while (i < rangeCount() || j < that.rangeCount()) {
      if (j == that.rangeCount() || (i < rangeCount() && first(i) <= that.first(j))) {
        either.add(first(i), last(i));
        i++;
      } else {
        either.add(that.first(j), that.last(j));
        j++;
      }
    }
    return either.build();
  }

  CodePointSet minus(CodePointSet that) {
    return and(that.complement());
  }

  CodePointSet complement() {
    Builder rest = new Builder(rangeCount() + 1);
    int next = 0;
    for (int r = 0; r < rangeCount(); r++) {
      if (next < first(r)) {
        rest.add(next, first(r) - 1);
      }
      next = last(r) + 1;
    }
    if (next <= MAX) {
      rest.add(next, MAX);
    }
    return rest.build().and(ALL);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CodePointSet that && Arrays.equals(ranges, that.ranges);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ranges);
  }

  @Override
  public String toString() {
    return Arrays.toString(ranges);
  }

  /** Takes ranges by their first members, in order, and joins those that overlap or touch. */
  static final class Builder {
    private int[] ranges;
    private int n;

    Builder(int expected) {
      ranges = new int[2 * expected];
    }

    void add(int first, int last) {
      if (n > 0 && first <= ranges[n - 1] + 1) {
        ranges[n - 1] = Math.max(ranges[n - 1], last);
        return;
      }
      if (n == ranges.length) {
        ranges = Arrays.copyOf(ranges, 2 * n);
      }
      ranges[n++] = first;
      ranges[n++] = last;
    }

    CodePointSet build() {
      return new CodePointSet(Arrays.copyOf(ranges, n));
    }
  }
}
