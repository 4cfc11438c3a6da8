package org.ggml4j.schema;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which numbers are meant: limits, whole numbers only or none of them, multiples of something. As a
 * grammar it reads decimal numbers without exponents, so that digits can be compared one by one; up
 * to {@link #DIGITS} before the point (or as many as the limits have) and behind it. Whole numbers
 * are exact; of others none that is outside is let through.
 */
record NumberRange(
    Optional<Limit> min,
    Optional<Limit> max,
    boolean integer,
    boolean fractional,
    Optional<BigDecimal> multipleOf) {
  /** Digits of numbers without limits, as in llama.cpp. */
  static final int DIGITS = 16;

  private static final int MAX_STATES = 1600;

  static final NumberRange ALL =
      new NumberRange(Optional.empty(), Optional.empty(), false, false, Optional.empty());

  /** An end of the range. */
  record Limit(BigDecimal value, boolean exclusive) {}

  NumberRange withMin(BigDecimal value, boolean exclusive) {
    Limit limit = new Limit(value, exclusive);
    boolean stricter = min.isEmpty() || isStricter(limit, min.get(), 1);
    return stricter
        ? new NumberRange(Optional.of(limit), max, integer, fractional, multipleOf)
        : this;
  }

  NumberRange withMax(BigDecimal value, boolean exclusive) {
    Limit limit = new Limit(value, exclusive);
    boolean stricter = max.isEmpty() || isStricter(limit, max.get(), -1);
    return stricter
        ? new NumberRange(min, Optional.of(limit), integer, fractional, multipleOf)
        : this;
  }

  private static boolean isStricter(Limit a, Limit b, int sign) {
    int order = sign * a.value.compareTo(b.value);
    return order > 0 || (order == 0 && a.exclusive);
  }

  NumberRange asInteger() {
    return new NumberRange(min, max, true, fractional, multipleOf);
  }

  NumberRange asFractional() {
    return new NumberRange(min, max, integer, true, multipleOf);
  }

  /** A multiple of this also; that is, of the least common multiple. */
  NumberRange withMultipleOf(BigDecimal value) {
    BigDecimal all = multipleOf.map(m -> leastCommonMultiple(m, value)).orElse(value);
    return new NumberRange(min, max, integer, fractional, Optional.of(all));
  }

  private static BigDecimal leastCommonMultiple(BigDecimal a, BigDecimal b) {
    int scale = Math.max(a.scale(), b.scale());
    BigInteger x = a.setScale(scale).unscaledValue();
    BigInteger y = b.setScale(scale).unscaledValue();
    return new BigDecimal(x.multiply(y).divide(x.gcd(y)), scale);
  }

  boolean isAll() {
    return min.isEmpty() && max.isEmpty() && !fractional && multipleOf.isEmpty();
  }

  /** Whether it is certain that no number is meant. */
  boolean isEmpty() {
    if (integer && fractional) {
      return true;
    }
    if (min.isEmpty() || max.isEmpty()) {
      return false;
    }
    if (integer) {
      return firstInteger(min.get()).compareTo(lastInteger(max.get())) > 0;
    }
    int order = min.get().value.compareTo(max.get().value);
    return order > 0 || (order == 0 && (min.get().exclusive || max.get().exclusive));
  }

  /** Whether zero is outside. */
  boolean withoutZero() {
    return withMin(BigDecimal.ZERO, false).withMax(BigDecimal.ZERO, false).isEmpty();
  }

  private static BigInteger firstInteger(Limit limit) {
    BigInteger up = limit.value.setScale(0, RoundingMode.CEILING).toBigInteger();
    boolean equal = limit.exclusive && limit.value.compareTo(new BigDecimal(up)) == 0;
    return equal ? up.add(BigInteger.ONE) : up;
  }

  private static BigInteger lastInteger(Limit limit) {
    BigInteger down = limit.value.setScale(0, RoundingMode.FLOOR).toBigInteger();
    boolean equal = limit.exclusive && limit.value.compareTo(new BigDecimal(down)) == 0;
    return equal ? down.subtract(BigInteger.ONE) : down;
  }

  /**
   * The numbers as texts.
   *
   * @throws TooLargeException if multiples need too many states
   */
  Dfa toDfa() {
    if (isEmpty()) {
      return Dfa.NOTHING;
    }
    Multiples multiples = Multiples.of(multipleOf, integer);
    int digits = DIGITS;
    digits = Math.max(digits, min.map(NumberRange::integerDigits).orElse(0));
    digits = Math.max(digits, max.map(NumberRange::integerDigits).orElse(0));
    if (digits * (long) multiples.states() > MAX_STATES) {
      boolean limited = min.isPresent() && max.isPresent();
      BigDecimal step = multiples.step();
      if (limited && count(step).compareTo(BigDecimal.valueOf(MAX_STATES)) <= 0) {
        return listed(step, multiples.decimals());
      }
      if (multiples.states() > MAX_STATES / 4) {
        throw new TooLargeException("too many remainders to count; use a range with few multiples");
      }
      int longest =
          Math.max(
              min.map(NumberRange::integerDigits).orElse(0),
              max.map(NumberRange::integerDigits).orElse(0));
      digits = Math.max(longest, step.precision() - step.scale()) + 2;
    }
    return new DecimalAutomaton(this, multiples, digits).build();
  }

  private static int integerDigits(Limit limit) {
    return Math.max(1, limit.value.precision() - limit.value.scale());
  }

  private BigDecimal count(BigDecimal step) {
    BigDecimal width = max.orElseThrow().value.subtract(min.orElseThrow().value);
    return width.divide(step, 0, RoundingMode.CEILING);
  }

  private Dfa listed(BigDecimal step, int decimals) {
    Limit low = min.orElseThrow();
    Limit high = max.orElseThrow();
    List<String> words = new ArrayList<>();
    BigDecimal value = low.value.divide(step, 0, RoundingMode.CEILING).multiply(step);
    for (; value.compareTo(high.value) <= 0; value = value.add(step)) {
      boolean atLow = low.exclusive && value.compareTo(low.value) == 0;
      boolean atHigh = high.exclusive && value.compareTo(high.value) == 0;
      boolean whole = value.stripTrailingZeros().scale() <= 0;
      if (!atLow && !atHigh && !(fractional && whole)) {
        words.add(value.setScale(decimals, RoundingMode.UNNECESSARY).toPlainString());
        words.add(value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString());
      }
    }
    return Dfa.ofWords(words);
  }

  /**
   * Numbers with up to {@code decimals} digits behind the point that, without the point and with
   * zeros for what is missing, are a multiple of {@code factor} followed by {@code zeros} zeros.
   *
   * @param decimals -1 if any number of digits may stand there
   */
  record Multiples(int factor, int zeros, int decimals) {
    private static final int MAX_FACTOR = 1_000_000;

    static Multiples of(Optional<BigDecimal> multipleOf, boolean integer) {
      if (multipleOf.isEmpty()) {
        return new Multiples(1, 0, integer ? 0 : -1);
      }
      BigDecimal step = multipleOf.get().stripTrailingZeros();
      int decimals = Math.max(0, step.scale());
      BigInteger whole = step.setScale(decimals).unscaledValue();
      if (integer && decimals > 0) {
        // A whole number is a multiple of p/q (in lowest terms) if it is one of p.
        whole = whole.divide(whole.gcd(BigInteger.TEN.pow(decimals)));
        decimals = 0;
      }
      int zeros = 0;
      while (whole.mod(BigInteger.TEN).signum() == 0) {
        whole = whole.divide(BigInteger.TEN);
        zeros++;
      }
      if (whole.compareTo(BigInteger.valueOf(MAX_FACTOR)) > 0) {
        throw new TooLargeException("too many remainders to count");
      }
      return new Multiples(whole.intValueExact(), zeros, decimals);
    }

    int states() {
      return factor;
    }

    BigDecimal step() {
      return BigDecimal.valueOf(factor).scaleByPowerOfTen(zeros - Math.max(0, decimals));
    }
  }
}
