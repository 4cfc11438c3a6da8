package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.List;

/**
 * Things with commas between them, in a fixed order, of which some may be missing: the properties
 * of an object, the items of a set.
 */
final class Members {
  private static final int MAX_RULES = 10_000;

  /**
   * One of them.
   *
   * @param name for rules about what follows it
   */
  record Member(String name, Expr expr, boolean required) {}

  private final Rules rules;
  private final List<Member> members;
  private final Expr extra;
  private final int min;
  private final int max;
  private boolean counted;
  private boolean needsExtras;

  /**
   * Prepares them.
   *
   * @param extra what may stand behind them any number of times, or {@link Expr#never}
   * @param min how many there are at least, together
   * @param max how many at most
   */
  Members(Rules rules, List<Member> members, Expr extra, int min, int max) {
    this.rules = rules;
    this.members = members;
    this.extra = extra;
    this.min = min;
    this.max = max;
  }

  /** Whether some were left out because two or more extras, which may be the same, are too few. */
  boolean needsExtras() {
    return needsExtras;
  }

  /** All of them, which may be nothing. */
  Expr write() {
    int n = members.size();
    long required = members.stream().filter(Member::required).count();
    boolean limited = max < n || (max < Expr.UNLIMITED && !extra.equals(Expr.never()));
    counted = min > required || limited;
    int cap = limited ? max : counted ? min : 1;
    if ((long) n * cap > MAX_RULES) {
      throw new TooLargeException("too many combinations of what may be missing");
    }
    boolean alone = !counted && n > 0 && members.get(0).required;
    List<Expr> tails = new ArrayList<>();
    for (int c = 0; c <= Math.max(cap, 1); c++) {
      tails.add(c <= cap ? end(c) : Expr.never());
    }
    for (int i = n - 1; i >= 0; i--) {
      Member member = members.get(i);
      List<Expr> next = new ArrayList<>();
      for (int c = 0; c <= cap; c++) {
        Expr tail = c > i ? Expr.never() : tail(member, c, cap, limited, tails);
        boolean shared = c > 0 && !alone && i > 0;
        next.add(shared ? rules.named(members.get(i - 1).name + "-rest", tail) : tail);
      }
      tails = next;
    }
    return tails.get(0);
  }

  /** What comes from a member on, if {@code c} were written before (or {@code cap} at least). */
  private Expr tail(Member member, int c, int cap, boolean limited, List<Expr> tails) {
    boolean full = limited && c == cap;
    Expr comma = c > 0 ? Primitive.comma(rules) : Expr.empty();
    Expr written = Expr.seq(comma, member.expr);
    if (c == cap && !full) {
      return Expr.seq(member.required ? written : Expr.optional(written), tails.get(c));
    }
    Expr with = full ? Expr.never() : Expr.seq(written, tails.get(c + 1));
    Expr without = member.required ? Expr.never() : tails.get(c);
    return without.equals(Expr.never())
        ? with
        : with.equals(Expr.never()) ? without : Expr.alt(with, without);
  }

  private Expr end(int c) {
    int missing = counted ? Math.max(0, min - c) : 0;
    if (extra.equals(Expr.never()) || missing > 1) {
      needsExtras |= !extra.equals(Expr.never());
      return missing == 0 ? Expr.empty() : Expr.never();
    }
    int left = max == Expr.UNLIMITED ? max : max - c;
    if (left == 0) {
      return missing == 0 ? Expr.empty() : Expr.never();
    }
    Expr more = Expr.seq(Primitive.comma(rules), extra);
    if (c > 0) {
      return rules.repeat("more", more, missing, left);
    }
    int others = left == Expr.UNLIMITED ? left : left - 1;
    Expr all = Expr.seq(extra, rules.repeat("more", more, 0, others));
    return missing == 0 ? Expr.optional(all) : all;
  }
}
