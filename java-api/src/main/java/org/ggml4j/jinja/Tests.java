package org.ggml4j.jinja;

/** What may stand after {@code is}. */
final class Tests {
  private Tests() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "boolean",
          "callable",
          "defined",
          "divisibleby",
          "eq",
          "equalto",
          "==",
          "escaped",
          "even",
          "false",
          "filter",
          "float",
          "ge",
          ">=",
          "gt",
          "greaterthan",
          ">",
          "in",
          "integer",
          "iterable",
          "le",
          "<=",
          "lessthan",
          "lower",
          "lt",
          "<",
          "mapping",
          "ne",
          "!=",
          "none",
          "number",
          "odd",
          "sameas",
          "sequence",
          "string",
          "test",
          "true",
          "undefined",
          "upper" ->
          true;
      default -> false;
    };
  }

  static boolean apply(Run run, String name, Object value, Args args) {
    return switch (name) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value == None.NONE;
      case "string" -> value instanceof Text;
      case "mapping" -> value instanceof Dict;
      case "boolean" -> value instanceof Boolean;
      case "true" -> value instanceof Boolean b && b;
      case "false" -> value instanceof Boolean b && !b;
      case "integer" -> Numbers.isWhole(value) && !(value instanceof Boolean);
      case "float" -> value instanceof Double;
      case "number" -> Values.isNumber(value);
      case "iterable" ->
          value instanceof Seq
              || value instanceof Text
              || value instanceof Dict
              || value instanceof Undefined;
      case "sequence" ->
          (value instanceof Seq s && s.isSequence())
              || value instanceof Text
              || value instanceof Dict
              || value instanceof Undefined;
      case "callable" -> value instanceof Callable;
      case "escaped" -> value instanceof Text t && t.isMarkup();
      case "lower" -> TextMethods.isCase(Values.text(value).toString(), false);
      case "upper" -> TextMethods.isCase(Values.text(value).toString(), true);
      case "filter" -> value instanceof Text t && Filters.isKnown(t.toString());
      case "test" -> value instanceof Text t && isKnown(t.toString());
      case "odd" -> remainder(value, 2L) != 0;
      case "even" -> remainder(value, 2L) == 0;
      case "divisibleby" -> remainder(value, args.require(0, "num")) == 0;
      case "eq", "equalto", "==" -> Values.equal(value, args.require(0, "other"));
      case "ne", "!=" -> !Values.equal(value, args.require(0, "other"));
      case "lt", "lessthan", "<" -> Operators.ordered("<", value, args.require(0, "other"));
      case "le", "<=" -> Operators.ordered("<=", value, args.require(0, "other"));
      case "gt", "greaterthan", ">" -> Operators.ordered(">", value, args.require(0, "other"));
      case "ge", ">=" -> Operators.ordered(">=", value, args.require(0, "other"));
      case "in" -> Operators.contains(run, args.require(0, "seq"), value);
      case "sameas" -> isSame(value, args.require(0, "other"));
      default -> throw new Failure("no test named '" + name + "'");
    };
  }

  @SuppressWarnings("ReferenceEquality") // that is the question
  private static boolean isSame(Object a, Object b) {
    boolean byValue = a instanceof Text || Values.isNumber(a);
    return a == b
        || (byValue && Values.typeName(a).equals(Values.typeName(b)) && Values.equal(a, b));
  }

  private static double remainder(Object value, Object divisor) {
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (!Values.isNumber(value) || !Values.isNumber(divisor)) {
      throw new Failure("numbers were expected, not '" + Values.typeName(value) + "'");
    }
    return Numbers.toDouble(Numbers.apply("%", value, divisor));
  }
}
