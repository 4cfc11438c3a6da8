package org.ggml4j.jinja;

/** Python's operators on two values. */
final class Operators {
  private Operators() {}

  static Object apply(Run run, String operator, Object a, Object b) {
    run.step();
    if (Values.isNumber(a) && Values.isNumber(b)) {
      return Numbers.apply(operator, a, b);
    }
    if (a instanceof Undefined u) {
      throw u.failure();
    }
    if (a instanceof Text t && operator.equals("%")) {
      return PercentFormat.format(run, t, b);
    }
    if (b instanceof Undefined u) {
      throw u.failure();
    }
    if (operator.equals("+")) {
      return add(run, a, b);
    }
    if (operator.equals("*") && Numbers.isWhole(b) && !Values.isNumber(a)) {
      return repeat(run, a, b);
    }
    if (operator.equals("*") && Numbers.isWhole(a) && !Values.isNumber(b)) {
      return repeat(run, b, a);
    }
    throw unsupported(operator, a, b);
  }

  private static Object add(Run run, Object a, Object b) {
    if (a instanceof Text t && b instanceof Text u) {
      if ((long) t.length() + u.length() > run.options.limits().output()) {
        throw new Failure(
            "the text grows beyond the limit of " + run.options.limits().output() + " characters");
      }
      return run.made(t.plus(u));
    }
    if (a instanceof Seq s && b instanceof Seq t && s.kind == t.kind && s.isSequence()) {
      run.charge((long) s.size() + t.size());
      Seq sum = new Seq(s.kind, s.size() + t.size());
      sum.items().addAll(s.items());
      sum.items().addAll(t.items());
      return sum;
    }
    if (a instanceof Text) {
      throw new Failure("can only concatenate str (not \"" + Values.typeName(b) + "\") to str");
    }
    throw unsupported("+", a, b);
  }

  private static Object repeat(Run run, Object what, Object count) {
    int n = Math.max(0, Numbers.index(count));
    if (what instanceof Text t) {
      run.charge((long) n * t.length() >> 4);
      return run.builder().repeat(t, n).toText().asMarkup(t.isMarkup());
    }
    if (what instanceof Seq s && (s.kind == Seq.Kind.LIST || s.kind == Seq.Kind.TUPLE)) {
      run.charge((long) n * s.size());
      Seq repeated = new Seq(s.kind, n * s.size());
      for (int i = 0; i < n; i++) {
        repeated.items().addAll(s.items());
      }
      return repeated;
    }
    throw unsupported("*", what, count);
  }

  private static Failure unsupported(String operator, Object a, Object b) {
    return new Failure(
        "unsupported operand types for "
            + operator
            + ": '"
            + Values.typeName(a)
            + "' and '"
            + Values.typeName(b)
            + "'");
  }

  static boolean compare(Run run, String operator, Object a, Object b) {
    run.step();
    return switch (operator) {
      case "==" -> Values.equal(a, b);
      case "!=" -> !Values.equal(a, b);
      case "in" -> contains(run, b, a);
      case "not in" -> !contains(run, b, a);
      default -> ordered(operator, a, b);
    };
  }

  /** {@code <}, {@code <=}, {@code >} and {@code >=}. */
  static boolean ordered(String operator, Object a, Object b) {
    if (isNan(a) || isNan(b)) {
      return false;
    }
    int order = Values.compare(a, b, operator);
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      default -> order >= 0;
    };
  }

  private static boolean isNan(Object value) {
    return value instanceof Double d && d.isNaN();
  }

  /** Whether a container holds a value. */
  static boolean contains(Run run, Object container, Object value) {
    if (container instanceof Text t) {
      if (!(value instanceof Text part)) {
        if (value instanceof Undefined u) {
          throw u.failure();
        }
        throw new Failure(
            "'in <string>' requires string as left operand, not " + Values.typeName(value));
      }
      run.charge(t.length() >> 4);
      return t.toString().contains(part.toString());
    }
    if (container instanceof Dict d) {
      return d.contains(value);
    }
    Object[] items = Values.items(container);
    run.charge(items.length >> 2);
    for (Object item : items) {
      if (Values.equal(item, value)) {
        return true;
      }
    }
    return false;
  }
}
