package org.ggml4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Set;

/** What may stand after {@code |}, by name. */
final class Filters {
  static final Text SPACE = Text.template(" ");

  private static final Set<String> NAMES =
      Set.of(
          "abs",
          "attr",
          "batch",
          "capitalize",
          "center",
          "count",
          "d",
          "default",
          "dictsort",
          "e",
          "escape",
          "first",
          "float",
          "forceescape",
          "format",
          "groupby",
          "indent",
          "int",
          "items",
          "join",
          "last",
          "length",
          "list",
          "lower",
          "map",
          "max",
          "min",
          "reject",
          "rejectattr",
          "replace",
          "reverse",
          "round",
          "safe",
          "select",
          "selectattr",
          "slice",
          "sort",
          "string",
          "sum",
          "title",
          "tojson",
          "trim",
          "truncate",
          "unique",
          "upper",
          "urlencode",
          "wordcount");

  private Filters() {}

  static boolean isKnown(String name) {
    return NAMES.contains(name);
  }

  static Object apply(Run run, String name, Object value, Args args) {
    return switch (name) {
      case "default", "d" -> {
        args.atMost(2, "default_value", "boolean");
        boolean missing =
            value instanceof Undefined || (args.flag(1, "boolean", false) && !Values.truth(value));
        yield missing ? args.get(0, "default_value", Text.EMPTY) : value;
      }
      case "length", "count" -> (long) Values.length(value);
      case "tojson" -> Json.write(run, value, args);
      case "items" -> items(value);
      case "attr" ->
          Members.attribute(run, value, Values.text(args.atMost(1).require(0, "name")).toString());
      case "int" -> toInt(value, args.atMost(2, "default", "base"));
      case "float" -> toFloat(value, args.atMost(1, "default"));
      case "abs" -> {
        if (!Values.isNumber(value)) {
          throw new Failure("bad operand type for abs(): '" + Values.typeName(value) + "'");
        }
        yield Numbers.compare(value, 0L) < 0 ? Numbers.negate(value) : Numbers.plus(value);
      }
      case "round" -> round(value, args.atMost(2, "precision", "method"));
      case "trim",
          "upper",
          "lower",
          "title",
          "capitalize",
          "string",
          "safe",
          "e",
          "escape",
          "forceescape",
          "replace",
          "indent",
          "center",
          "truncate",
          "wordcount",
          "urlencode",
          "format" ->
          TextFilters.apply(run, name, value, args);
      default -> {
        if (!isKnown(name)) {
          throw new Failure("no filter named '" + name + "'");
        }
        yield SeqFilters.apply(run, name, value, args);
      }
    };
  }

  private static Object items(Object value) {
    if (value instanceof Undefined) {
      return new Seq(Seq.Kind.GENERATOR, 0);
    }
    if (value instanceof Dict d) {
      return d.view(Seq.Kind.ITEMS).as(Seq.Kind.GENERATOR);
    }
    throw new Failure("item pairs of a mapping only, not of '" + Values.typeName(value) + "'");
  }

  private static Object toInt(Object value, Args args) {
    Object otherwise = args.get(0, "default", 0L);
    int base = args.integer(1, "base", 10);
    if (Numbers.isWhole(value)) {
      return Numbers.plus(value);
    }
    if (value instanceof Double d) {
      return d.isNaN() || d.isInfinite()
          ? otherwise
          : Numbers.shrink(new BigDecimal(d).toBigInteger());
    }
    if (!(value instanceof Text t)) {
      return otherwise;
    }
    String s = TextMethods.strip(t, None.NONE, true, true).toString().replace("_", "");
    if (base == 16 && (s.startsWith("0x") || s.startsWith("0X"))) {
      s = s.substring(2);
    }
    if (base < Character.MIN_RADIX || base > Character.MAX_RADIX || s.length() > 4000) {
      return otherwise;
    }
    try {
      return Numbers.shrink(new BigInteger(s, base));
    } catch (NumberFormatException e) {
      return base == 10 && parse(s) instanceof Double d ? toInt(d, args) : otherwise;
    }
  }

  private static Object toFloat(Object value, Args args) {
    if (Values.isNumber(value)) {
      return Numbers.toDouble(value);
    }
    Object parsed =
        value instanceof Text t
            ? parse(TextMethods.strip(t, None.NONE, true, true).toString())
            : None.NONE;
    return parsed == None.NONE ? args.get(0, "default", 0.0) : parsed;
  }

  /** A float as Python reads it, or None. Java would also take its own suffixes. */
  private static Object parse(String s) {
    String lower = s.toLowerCase(Locale.ROOT);
    switch (lower) {
      case "nan", "+nan", "-nan" -> {
        return Double.NaN;
      }
      case "inf", "+inf", "infinity", "+infinity" -> {
        return Double.POSITIVE_INFINITY;
      }
      case "-inf", "-infinity" -> {
        return Double.NEGATIVE_INFINITY;
      }
      default -> {}
    }
    for (int i = 0; i < lower.length(); i++) {
      if ("0123456789.e+-".indexOf(lower.charAt(i)) < 0) {
        return None.NONE;
      }
    }
    try {
      return Double.valueOf(lower);
    } catch (NumberFormatException e) {
      return None.NONE;
    }
  }

  private static Object round(Object value, Args args) {
    if (!Values.isNumber(value)) {
      throw new Failure("a number was expected, not '" + Values.typeName(value) + "'");
    }
    int precision = Math.max(-300, Math.min(args.integer(0, "precision", 0), 300));
    String method = Values.text(args.get(1, "method", Text.template("common"))).toString();
    if (Numbers.isWhole(value) && method.equals("common") && precision >= 0) {
      return Numbers.plus(value);
    }
    double d = Numbers.toDouble(value);
    if (Double.isNaN(d) || Double.isInfinite(d)) {
      return value;
    }
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw new Failure("round(): common, ceil or floor was expected");
        };
    return new BigDecimal(d).setScale(precision, mode).doubleValue();
  }
}
