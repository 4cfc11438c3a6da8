package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The right side of a grammar's rule, or a part of it. The static methods make what is simplest:
 * sequences within sequences become one, {@code x x*} becomes {@code x+}, and so on.
 */
sealed interface Expr {
  int UNLIMITED = Integer.MAX_VALUE;

  /** Nothing, which is always there. */
  static Expr empty() {
    return new Seq(List.of());
  }

  /** What no text is. */
  static Expr never() {
    return new Alt(List.of());
  }

  /** These characters, one after the other; at least one. */
  record Lit(String text) implements Expr {}

  /** One character of a set of several. */
  record Chars(CodePointSet set) implements Expr {}

  /** What another rule says. */
  record Ref(String rule) implements Expr {}

  /** Parts one after the other. */
  record Seq(List<Expr> parts) implements Expr {}

  /** One of several. */
  record Alt(List<Expr> options) implements Expr {}

  /** A part {@code min} to {@code max} times. */
  record Repeat(Expr body, int min, int max) implements Expr {}

  static Expr lit(String text) {
    return text.isEmpty() ? empty() : new Lit(text);
  }

  static Expr chars(CodePointSet set) {
    if (set.isEmpty()) {
      return never();
    }
    return set.isSingle() ? new Lit(Character.toString(set.first(0))) : new Chars(set);
  }

  static Expr seq(Expr... parts) {
    return seq(List.of(parts));
  }

  static Expr seq(List<Expr> parts) {
    List<Expr> flat = new ArrayList<>();
    for (Expr part : parts) {
      if (part.equals(never())) {
        return never();
      }
      if (part instanceof Seq inner) {
        inner.parts().forEach(p -> append(flat, p));
      } else {
        append(flat, part);
      }
    }
    return flat.size() == 1 ? flat.get(0) : flat.isEmpty() ? empty() : new Seq(List.copyOf(flat));
  }

  private static void append(List<Expr> flat, Expr part) {
    int last = flat.size() - 1;
    Expr before = last < 0 ? empty() : flat.get(last);
    Repeat a = before instanceof Repeat r ? r : new Repeat(before, 1, 1);
    Repeat b = part instanceof Repeat r ? r : new Repeat(part, 1, 1);
    boolean counted = before instanceof Repeat || part instanceof Repeat;
    if (last >= 0 && counted && a.body().equals(b.body()) && isFixed(a, b)) {
      flat.set(last, new Repeat(a.body(), a.min() + b.min(), add(a.max(), b.max())));
    } else if (before instanceof Lit x && part instanceof Lit y) {
      flat.set(last, new Lit(x.text() + y.text()));
    } else {
      flat.add(part);
    }
  }

  /** Whether two repetitions of the same can be one without counting too far. */
  private static boolean isFixed(Repeat a, Repeat b) {
    return (long) a.min() + b.min() <= Rules.MAX_COUNT
        && (a.max() == UNLIMITED
            || b.max() == UNLIMITED
            || (long) a.max() + b.max() <= Rules.MAX_COUNT);
  }

  private static int add(int a, int b) {
    return a == UNLIMITED || b == UNLIMITED ? UNLIMITED : a + b;
  }

  static Expr alt(Expr... options) {
    return alt(List.of(options));
  }

  static Expr alt(List<Expr> options) {
    Set<Expr> flat = new LinkedHashSet<>();
    boolean optional = false;
    for (Expr option : options) {
      boolean maybe = option instanceof Repeat r && r.min() == 0 && r.max() == 1;
      Expr one = option instanceof Repeat r && maybe ? r.body() : option;
      optional |= maybe || option.equals(empty());
      if (one instanceof Alt inner) {
        flat.addAll(inner.options());
      } else if (!one.equals(empty())) {
        flat.add(one);
      }
    }
    Expr one =
        flat.size() == 1
            ? flat.iterator().next()
            : flat.isEmpty() ? never() : new Alt(List.copyOf(flat));
    return optional ? optional(one) : one;
  }

  static Expr optional(Expr body) {
    if (body instanceof Repeat r && r.min() <= 1) {
      return new Repeat(r.body(), 0, r.max());
    }
    return repeat(body, 0, 1);
  }

  /** A repetition; the counts must not be over {@link Rules#MAX_COUNT}. */
  static Expr repeat(Expr body, int min, int max) {
    if (max == 0 || body.equals(empty())) {
      return empty();
    }
    if (body.equals(never())) {
      return min == 0 ? empty() : never();
    }
    boolean simple = min <= 1 && max == 1 || min == 0 && max == UNLIMITED;
    if (simple && body instanceof Repeat r && r.min() == 0 && (max == 1 || r.max() == UNLIMITED)) {
      return r;
    }
    return min == 1 && max == 1 ? body : new Repeat(body, min, max);
  }

  /** Parts directly below. */
  default List<Expr> parts() {
    if (this instanceof Seq s) {
      return s.parts();
    }
    if (this instanceof Alt a) {
      return a.options();
    }
    return this instanceof Repeat r ? List.of(r.body()) : List.of();
  }

  /** How deep groups are nested. */
  default int depth() {
    int deepest = 0;
    for (Expr part : parts()) {
      deepest = Math.max(deepest, part.depth());
    }
    return this instanceof Alt || this instanceof Repeat ? deepest + 1 : deepest;
  }
}
