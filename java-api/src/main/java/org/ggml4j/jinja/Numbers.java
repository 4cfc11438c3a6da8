package org.ggml4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/** Python's numbers: whole ones without bounds, floats, and booleans that count as 0 and 1. */
final class Numbers {
  /** Whole numbers of more bits end the rendering. */
  private static final int MAX_BITS = 16_384;

  private Numbers() {}

  static boolean isWhole(Object value) {
    return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
  }

  static Object shrink(BigInteger value) {
    if (value.bitLength() > MAX_BITS) {
      throw new Failure("a number of more than " + MAX_BITS + " bits");
    }
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  private static long small(Object value) {
    return value instanceof Boolean b ? (b ? 1 : 0) : (Long) value;
  }

  static BigInteger big(Object value) {
    return value instanceof BigInteger b ? b : BigInteger.valueOf(small(value));
  }

  static double toDouble(Object value) {
    return value instanceof Boolean b ? (b ? 1 : 0) : ((Number) value).doubleValue();
  }

  /** A number that counts or indexes something; beyond Java's it is as far as Java goes. */
  static int index(Object value) {
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (!isWhole(value)) {
      throw new Failure("an integer was expected, not '" + Values.typeName(value) + "'");
    }
    BigInteger n = big(value);
    return n.bitLength() > 31
        ? (n.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE)
        : n.intValue();
  }

  static int compare(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (isWhole(a) && isWhole(b)) {
      return big(a).compareTo(big(b));
    }
    double x = toDouble(a);
    double y = toDouble(b);
    if (isWhole(a) || isWhole(b)) {
      if (Double.isFinite(x) && Double.isFinite(y)) {
        return exact(a).compareTo(exact(b));
      }
    }
    return x < y ? -1 : x == y ? 0 : 1; // NaN equals nothing
  }

  private static BigDecimal exact(Object value) {
    return isWhole(value) ? new BigDecimal(big(value)) : new BigDecimal((Double) value);
  }

  static Object negate(Object value) {
    number(value);
    return value instanceof Double d ? (Object) (-d) : shrink(big(value).negate());
  }

  static Object plus(Object value) {
    number(value);
    return value instanceof Boolean ? (Object) small(value) : value;
  }

  private static void number(Object value) {
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (!Values.isNumber(value)) {
      throw new Failure("bad operand type for a sign: '" + Values.typeName(value) + "'");
    }
  }

  /** Arithmetic on two numbers. */
  static Object apply(String operator, Object a, Object b) {
    if (isWhole(a) && isWhole(b)) {
      return whole(operator, a, b);
    }
    return floats(operator, toDouble(a), toDouble(b));
  }

  private static Object whole(String operator, Object a, Object b) {
    if (!(a instanceof BigInteger) && !(b instanceof BigInteger)) {
      long x = small(a);
      long y = small(b);
      switch (operator) {
        case "+" -> {
          long sum = x + y;
          if (((x ^ sum) & (y ^ sum)) >= 0) {
            return sum;
          }
        }
        case "-" -> {
          long difference = x - y;
          if (((x ^ y) & (x ^ difference)) >= 0) {
            return difference;
          }
        }
        case "%", "//" -> {
          if (y != 0 && y != -1) {
            return operator.equals("%") ? Math.floorMod(x, y) : Math.floorDiv(x, y);
          }
        }
        default -> {}
      }
    }
    BigInteger x = big(a);
    BigInteger y = big(b);
    return switch (operator) {
      case "+" -> shrink(x.add(y));
      case "-" -> shrink(x.subtract(y));
      case "*" -> {
        if (x.bitLength() + y.bitLength() > 2 * MAX_BITS) {
          throw new Failure("a number of more than " + MAX_BITS + " bits");
        }
        yield shrink(x.multiply(y));
      }
      case "/" -> divide(x, y);
      case "//", "%" -> {
        notZero(y.signum() == 0);
        BigInteger[] parts = x.divideAndRemainder(y);
        boolean down = parts[1].signum() != 0 && parts[1].signum() != y.signum();
        yield operator.equals("%")
            ? shrink(down ? parts[1].add(y) : parts[1])
            : shrink(down ? parts[0].subtract(BigInteger.ONE) : parts[0]);
      }
      default -> power(x, y);
    };
  }

  private static Object divide(BigInteger x, BigInteger y) {
    notZero(y.signum() == 0);
    if (x.bitLength() < 54 && y.bitLength() < 54) {
      return x.doubleValue() / y.doubleValue();
    }
    return new BigDecimal(x).divide(new BigDecimal(y), new MathContext(40)).doubleValue();
  }

  private static Object power(BigInteger x, BigInteger y) {
    if (y.signum() < 0) {
      notZero(x.signum() == 0);
      return Math.pow(x.doubleValue(), y.doubleValue());
    }
    if (x.bitLength() <= 1) { // 0, 1 and -1, and -2 below
      if (x.signum() == 0 || x.equals(BigInteger.ONE)) {
        return y.signum() == 0 ? 1L : x.longValue();
      }
      if (x.equals(BigInteger.ONE.negate())) {
        return y.testBit(0) ? -1L : 1L;
      }
    }
    if (y.bitLength() > 20 || (long) x.bitLength() * y.intValue() > 2L * MAX_BITS) {
      throw new Failure("a number of more than " + MAX_BITS + " bits");
    }
    return shrink(x.pow(y.intValue()));
  }

  private static Object floats(String operator, double x, double y) {
    return switch (operator) {
      case "+" -> x + y;
      case "-" -> x - y;
      case "*" -> x * y;
      case "/" -> {
        notZero(y == 0);
        yield x / y;
      }
      case "//" -> {
        notZero(y == 0);
        yield Math.floor(x / y);
      }
      case "%" -> {
        notZero(y == 0);
        double rest = x % y;
        yield rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
      }
      default -> Math.pow(x, y);
    };
  }

  private static void notZero(boolean zero) {
    if (zero) {
      throw new Failure("division by zero");
    }
  }

  /** Python's shortest form of a float: {@code 1.0}, {@code 1e+16}, {@code 1e-05}. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value < 0 ? "-inf" : "inf";
    }
    String sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
    if (value == 0) {
      return sign.concat("0.0");
    }
    BigDecimal shortest = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - 1 - shortest.scale();
    StringBuilder out = new StringBuilder(sign);
    if (exponent < -4 || exponent >= 16) {
      out.append(digits.charAt(0));
      if (digits.length() > 1) {
        out.append('.').append(digits, 1, digits.length());
      }
      int size = Math.abs(exponent);
      return out.append(exponent < 0 ? "e-" : "e+")
          .append(size < 10 ? "0" : "")
          .append(size)
          .toString();
    }
    if (exponent < 0) {
      return out.append("0.").append("0".repeat(-exponent - 1)).append(digits).toString();
    }
    if (digits.length() <= exponent + 1) {
      return out.append(digits)
          .append("0".repeat(exponent + 1 - digits.length()))
          .append(".0")
          .toString();
    }
    return out.append(digits, 0, exponent + 1)
        .append('.')
        .append(digits, exponent + 1, digits.length())
        .toString();
  }
}
