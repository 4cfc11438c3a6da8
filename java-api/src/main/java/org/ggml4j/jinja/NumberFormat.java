package org.ggml4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** A number as Python's format specifications ask for it. */
final class NumberFormat {
  /** No number has more digits after its point. */
  static final int MAX_PRECISION = 1000;

  private NumberFormat() {}

  /** A whole number's digits, without a sign: d, x, X, o or b. */
  static String whole(BigInteger value, char type) {
    String digits =
        value
            .abs()
            .toString(
                switch (type) {
                  case 'x', 'X' -> 16;
                  case 'o' -> 8;
                  case 'b' -> 2;
                  default -> 10;
                });
    return type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
  }

  /** A float's digits, without a sign: e, f, g and their capitals. */
  static String decimal(double value, char type, int precision) {
    char kind = Character.toLowerCase(type);
    double size = Math.abs(value);
    String digits;
    if (Double.isNaN(size) || Double.isInfinite(size)) {
      digits = Double.isNaN(size) ? "nan" : "inf";
    } else if (kind == 'f') {
      digits = new BigDecimal(size).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    } else if (kind == 'e') {
      digits = exponential(size, precision);
    } else {
      digits = general(size, Math.max(1, precision));
    }
    return type == kind ? digits : digits.toUpperCase(Locale.ROOT);
  }

  private static String exponential(double size, int precision) {
    BigDecimal d = rounded(size, precision + 1);
    String digits = d.unscaledValue().toString();
    digits = digits.concat("0".repeat(Math.max(0, precision + 1 - digits.length())));
    int exponent = size == 0 ? 0 : d.precision() - 1 - d.scale();
    String mantissa =
        precision == 0
            ? digits.substring(0, 1)
            : digits.substring(0, 1).concat(".").concat(digits.substring(1, precision + 1));
    return mantissa.concat(exponent(exponent));
  }

  private static BigDecimal rounded(double size, int digits) {
    return new BigDecimal(size).round(new MathContext(digits, RoundingMode.HALF_EVEN));
  }

  private static String exponent(int exponent) {
    int size = Math.abs(exponent);
    return (exponent < 0 ? "e-" : "e+").concat(size < 10 ? "0" : "").concat(String.valueOf(size));
  }

  private static String general(double size, int precision) {
    if (size == 0) {
      return "0";
    }
    BigDecimal d = rounded(size, precision);
    int exponent = d.precision() - 1 - d.scale();
    if (exponent >= -4 && exponent < precision) {
      BigDecimal plain = d.stripTrailingZeros();
      return (plain.scale() < 0 ? plain.setScale(0, RoundingMode.UNNECESSARY) : plain)
          .toPlainString();
    }
    String digits = d.unscaledValue().toString();
    int end = digits.length();
    while (end > 1 && digits.charAt(end - 1) == '0') {
      end--;
    }
    String mantissa =
        end == 1 ? digits.substring(0, 1) : digits.charAt(0) + "." + digits.substring(1, end);
    return mantissa.concat(exponent(exponent));
  }
}
