package org.ggml4j.cli;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Works out an expression in 34 digits; what is no power or root of whole numbers in 16. */
final class Calculator {
  private static final MathContext DIGITS = MathContext.DECIMAL128;
  private static final int MAX_LENGTH = 1000;
  private static final int MAX_DEPTH = 100;
  private static final int MAX_EXPONENT = 9999;

  private final String text;
  private int pos;
  private int depth;

  private Calculator(String text) {
    this.text = text;
  }

  /**
   * The value of an expression: numbers, {@code + - * / % ^}, parentheses, {@code pi}, {@code e},
   * and functions such as {@code sqrt(2)}.
   *
   * @throws IllegalArgumentException if it is none, or has no value
   */
  static String evaluate(String expression) {
    if (expression.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "an expression of more than " + MAX_LENGTH + " characters");
    }
    Calculator calculator = new Calculator(expression);
    try {
      BigDecimal value = calculator.sum();
      if (calculator.peek() != 0) {
        throw calculator.expected("an operator");
      }
      BigDecimal plain = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
      boolean readable = plain.scale() >= -40 && plain.scale() <= 60;
      return readable ? plain.toPlainString() : plain.toString();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("no value: " + e.getMessage(), e);
    }
  }

  private IllegalArgumentException expected(String what) {
    String found = pos < text.length() ? "'" + text.substring(pos) + "'" : "the end";
    return new IllegalArgumentException(what + " was expected, found " + found);
  }

  private char peek() {
    while (pos < text.length() && Character.isWhitespace(text.charAt(pos))) {
      pos++;
    }
    return pos < text.length() ? text.charAt(pos) : 0;
  }

  private boolean skip(char c) {
    if (peek() != c) {
      return false;
    }
    pos++;
    return true;
  }

  private BigDecimal sum() {
    BigDecimal value = product();
    while (true) {
      if (skip('+')) {
        value = value.add(product(), DIGITS);
      } else if (skip('-') || skip('\u2212')) {
        value = value.subtract(product(), DIGITS);
      } else {
        return value;
      }
    }
  }

  private BigDecimal product() {
    BigDecimal value = signed();
    while (true) {
      if (peek() == '*' && !text.startsWith("**", pos) || peek() == '\u00d7') {
        pos++;
        value = value.multiply(signed(), DIGITS);
      } else if (skip('/') || skip('\u00f7')) {
        value = value.divide(signed(), DIGITS);
      } else if (skip('%')) {
        value = value.remainder(signed(), DIGITS);
      } else {
        return value;
      }
    }
  }

  private BigDecimal signed() {
    if (++depth > MAX_DEPTH) {
      throw new IllegalArgumentException("an expression that nests too deep");
    }
    BigDecimal value;
    if (skip('-') || skip('\u2212')) {
      value = signed().negate();
    } else if (skip('+')) {
      value = signed();
    } else {
      value = power();
    }
    depth--;
    return value;
  }

  /** {@code -2^2} is -4, and {@code 2^3^2} is 512. */
  private BigDecimal power() {
    BigDecimal base = atom();
    peek();
    if (text.startsWith("**", pos)) {
      pos += 2;
    } else if (!skip('^')) {
      return base;
    }
    BigDecimal exponent = signed();
    boolean whole = exponent.stripTrailingZeros().scale() <= 0;
    if (whole && exponent.abs().compareTo(BigDecimal.valueOf(MAX_EXPONENT)) <= 0) {
      return base.pow(exponent.intValueExact(), DIGITS);
    }
    return finite(Math.pow(base.doubleValue(), exponent.doubleValue()));
  }

  private BigDecimal atom() {
    if (skip('(')) {
      BigDecimal value = sum();
      if (!skip(')')) {
        throw expected("')'");
      }
      return value;
    }
    char c = peek();
    int from = pos;
    if (c >= '0' && c <= '9' || c == '.') {
      return number(from);
    }
    while (pos < text.length() && Character.isLetterOrDigit(text.charAt(pos))) {
      pos++;
    }
    String name = text.substring(from, pos).toLowerCase(Locale.ROOT);
    return switch (name) {
      case "" -> throw expected("a number");
      case "pi" -> new BigDecimal("3.141592653589793238462643383279503");
      case "e" -> new BigDecimal("2.718281828459045235360287471352662");
      default -> {
        if (!skip('(')) {
          throw expected("'(' behind " + name);
        }
        BigDecimal argument = sum();
        if (!skip(')')) {
          throw expected("')'");
        }
        yield function(name, argument);
      }
    };
  }

  private BigDecimal number(int from) {
    while (pos < text.length()
        && (Character.isDigit(text.charAt(pos)) || text.charAt(pos) == '.')) {
      pos++;
    }
    int end = pos;
    if (pos < text.length() && (text.charAt(pos) == 'e' || text.charAt(pos) == 'E')) {
      pos++;
      if (pos < text.length() && (text.charAt(pos) == '-' || text.charAt(pos) == '+')) {
        pos++;
      }
      int digits = pos;
      while (pos < text.length() && Character.isDigit(text.charAt(pos)) && pos < digits + 4) {
        pos++;
      }
      pos = pos == digits ? end : pos;
    }
    try {
      return new BigDecimal(text.substring(from, pos));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("no number: " + text.substring(from, pos), e);
    }
  }

  private static BigDecimal function(String name, BigDecimal x) {
    double d = x.doubleValue();
    return switch (name) {
      case "sqrt" -> x.sqrt(DIGITS);
      case "abs" -> x.abs();
      case "round" -> x.setScale(0, RoundingMode.HALF_UP);
      case "floor" -> x.setScale(0, RoundingMode.FLOOR);
      case "ceil" -> x.setScale(0, RoundingMode.CEILING);
      case "exp" -> finite(Math.exp(d));
      case "ln" -> finite(Math.log(d));
      case "log", "log10" -> finite(Math.log10(d));
      case "log2" -> finite(Math.log(d) / Math.log(2));
      case "sin" -> finite(Math.sin(d));
      case "cos" -> finite(Math.cos(d));
      case "tan" -> finite(Math.tan(d));
      case "asin" -> finite(Math.asin(d));
      case "acos" -> finite(Math.acos(d));
      case "atan" -> finite(Math.atan(d));
      default -> throw new IllegalArgumentException("there is no function " + name);
    };
  }

  private static BigDecimal finite(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      throw new ArithmeticException("out of range");
    }
    return BigDecimal.valueOf(value);
  }
}
