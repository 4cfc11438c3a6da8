package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads a decimal number digit by digit, comparing it with the limits of a {@link NumberRange} and
 * counting remainders on the way.
 */
final class DecimalAutomaton {
  private final NumberRange range;
  private final NumberRange.Multiples multiples;
  private final int maxIntegerDigits;
  private final int maxDecimals;

  DecimalAutomaton(NumberRange range, NumberRange.Multiples multiples, int maxIntegerDigits) {
    this.range = range;
    this.multiples = multiples;
    this.maxIntegerDigits = maxIntegerDigits;
    int needed = 0;
    for (Optional<NumberRange.Limit> limit : List.of(range.min(), range.max())) {
      needed = Math.max(needed, limit.map(l -> l.value().scale() + 1).orElse(0));
    }
    maxDecimals =
        multiples.decimals() >= 0 ? multiples.decimals() : Math.max(NumberRange.DIGITS, needed);
  }

  private enum Place {
    START,
    SIGN,
    ZERO,
    INTEGER,
    POINT,
    DECIMALS
  }

  /**
   * What was read.
   *
   * @param digits read before the point, or behind it
   * @param low sign of the comparison with the limit nearer to zero, as far as digits were read
   * @param high with the one farther from zero
   * @param fraction whether a digit behind the point was not zero
   * @param rest remainder of the digits without the last {@code zeros} zeros
   */
  private record State(
      Place place,
      boolean negative,
      int digits,
      int low,
      int high,
      boolean fraction,
      int rest,
      int zeros) {}

  /** A limit of the absolute value, as digits; the last decimal is not zero. */
  private record Digits(String integer, String decimals, boolean exclusive) {
    static Digits of(BigDecimal value, boolean exclusive) {
      BigDecimal stripped = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
      String text = stripped.toPlainString();
      int point = text.indexOf('.');
      return point < 0
          ? new Digits(text, "", exclusive)
          : new Digits(text.substring(0, point), text.substring(point + 1), exclusive);
    }
  }

  Dfa build() {
    State start = new State(Place.START, false, 0, 0, 0, false, 0, multiples.zeros());
    return Dfa.explore(start, this::next, this::isEnd);
  }

  /** The limit nearer to zero of numbers with this sign; empty if there are no such numbers. */
  private Optional<Digits> low(boolean negative) {
    Optional<NumberRange.Limit> limit = negative ? range.max() : range.min();
    // Minus zero is zero, but no whole number is written so.
    boolean noZero = negative && (range.integer() || range.withoutZero());
    Digits zero = Digits.of(BigDecimal.ZERO, noZero);
    if (limit.isEmpty()) {
      return Optional.of(zero);
    }
    BigDecimal value = negative ? limit.get().value().negate() : limit.get().value();
    boolean beyondZero = value.signum() > 0 || (value.signum() == 0 && limit.get().exclusive());
    return Optional.of(beyondZero ? Digits.of(value, limit.get().exclusive()) : zero);
  }

  /** The limit farther from zero; empty if there is none. */
  private Optional<Digits> high(boolean negative) {
    Optional<NumberRange.Limit> limit = negative ? range.min() : range.max();
    return limit.map(l -> Digits.of(negative ? l.value().negate() : l.value(), l.exclusive()));
  }

  private List<State> next(State s, List<CodePointSet> on) {
    List<State> to = new ArrayList<>();
    if (s.place == Place.START && possible(true)) {
      on.add(CodePointSet.of('-'));
      to.add(new State(Place.SIGN, true, 0, 0, 0, false, 0, multiples.zeros()));
    }
    if ((s.place == Place.ZERO || s.place == Place.INTEGER) && maxDecimals > 0) {
      on.add(CodePointSet.of('.'));
      to.add(
          new State(
              Place.POINT,
              s.negative,
              0,
              low(s.negative).map(l -> byLength(s, l, s.low)).orElse(0),
              high(s.negative).map(h -> byLength(s, h, s.high)).orElse(0),
              false,
              s.rest,
              s.zeros));
    }
    for (int digit = 0; digit <= 9; digit++) {
      Optional<State> next = digit(s, digit);
      if (next.isPresent()) {
        on.add(CodePointSet.of('0' + digit));
        to.add(next.get());
      }
    }
    return to;
  }

  /** Whether there may be numbers with this sign. */
  private boolean possible(boolean negative) {
    Optional<NumberRange.Limit> limit = negative ? range.min() : range.max();
    int sign = limit.map(l -> l.value().signum()).orElse(negative ? -1 : 1);
    return negative ? sign < 0 : sign >= 0;
  }

  private Optional<State> digit(State s, int digit) {
    boolean decimals = s.place == Place.POINT || s.place == Place.DECIMALS;
    boolean first = s.place == Place.START || s.place == Place.SIGN;
    if (s.place == Place.ZERO
        || s.digits >= (decimals ? maxDecimals : maxIntegerDigits)
        || (s.place == Place.START && !possible(false))) {
      return Optional.empty();
    }
    Place place = decimals ? Place.DECIMALS : first && digit == 0 ? Place.ZERO : Place.INTEGER;
    Rest rest = next(new Rest(s.rest, s.zeros), digit);
    return Optional.of(
        new State(
            place,
            s.negative,
            s.digits + 1,
            low(s.negative).map(l -> compare(s, l, s.low, digit, decimals)).orElse(0),
            high(s.negative).map(h -> compare(s, h, s.high, digit, decimals)).orElse(0),
            s.fraction || (decimals && digit > 0),
            rest.rest,
            rest.zeros));
  }

  private static int compare(State s, Digits limit, int before, int digit, boolean decimals) {
    if (before != 0) {
      return before;
    }
    String digits = decimals ? limit.decimals : limit.integer;
    // What is longer than the limit's integer part is greater; that is known when it ends.
    int other = s.digits < digits.length() ? digits.charAt(s.digits) - '0' : decimals ? 0 : digit;
    return Integer.signum(Integer.compare(digit, other));
  }

  /** The comparison when the part before the point has ended. */
  private static int byLength(State s, Digits limit, int byDigits) {
    int byLength = Integer.signum(Integer.compare(s.digits, limit.integer.length()));
    return byLength != 0 ? byLength : byDigits;
  }

  private boolean isEnd(State s) {
    if (s.place == Place.START || s.place == Place.SIGN || s.place == Place.POINT) {
      return false;
    }
    boolean decimals = s.place == Place.DECIMALS;
    if (!isMultiple(s) || (range.fractional() && !s.fraction)) {
      return false;
    }
    Digits low = low(s.negative).orElseThrow();
    int order = atEnd(s, low, s.low, decimals);
    if (order < 0 || (order == 0 && low.exclusive)) {
      return false;
    }
    Optional<Digits> high = high(s.negative);
    if (high.isEmpty()) {
      return true;
    }
    order = atEnd(s, high.get(), s.high, decimals);
    return order < 0 || (order == 0 && !high.get().exclusive);
  }

  private boolean isMultiple(State s) {
    Rest rest = new Rest(s.rest, s.zeros);
    for (int i = s.place == Place.DECIMALS ? s.digits : 0; i < multiples.decimals(); i++) {
      rest = next(rest, 0); // digits that are not written are zeros
    }
    return rest.rest == 0 && rest.zeros == multiples.zeros();
  }

  private record Rest(int rest, int zeros) {}

  private Rest next(Rest before, int digit) {
    if (digit == 0 && before.zeros < multiples.zeros()) {
      return new Rest(before.rest, before.zeros + 1);
    }
    long rest = before.rest;
    for (int i = 0; digit != 0 && i < before.zeros; i++) {
      rest = rest * 10 % multiples.factor();
    }
    rest = (rest * 10 + digit) % multiples.factor();
    return new Rest((int) rest, digit == 0 ? before.zeros : 0);
  }

  /** The comparison of the whole number. */
  private static int atEnd(State s, Digits limit, int byDigits, boolean decimals) {
    int order = decimals ? byDigits : byLength(s, limit, byDigits);
    int read = decimals ? s.digits : 0;
    return order == 0 && read < limit.decimals.length() ? -1 : order;
  }
}
