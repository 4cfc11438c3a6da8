package org.ggml4j.schema;

import java.util.Locale;

/**
 * The rules that all JSON grammars share. They say what llama.cpp's say ({@code
 * common/json-schema-to-grammar.cpp}), but for half surrogate pairs, which are not let through, and
 * exponents, which have at most two digits so that any reader can hold the number.
 *
 * <p>Space is bounded, so that a model that knows no JSON comes to an end.
 */
enum Primitive {
  SPACE,
  NULL,
  BOOLEAN,
  INTEGRAL_PART,
  DECIMAL_PART,
  INTEGER,
  NUMBER,
  CHAR,
  STRING,
  VALUE,
  ARRAY,
  OBJECT;

  private static final CodePointSet DIGIT = CodePointSet.range('0', '9');
  private static final CodePointSet HEX =
      DIGIT.or(CodePointSet.range('a', 'f')).or(CodePointSet.range('A', 'F'));

  String ruleName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The rule, which is added if it is not there yet. */
  Expr in(Rules rules) {
    if (this == SPACE && rules.notation() == Notation.GEMMA) {
      return Expr.empty();
    }
    if (!rules.isDefined(ruleName())) {
      rules.define(ruleName(), Expr.empty()); // recursion ends here
      rules.define(ruleName(), body(rules));
    }
    return new Expr.Ref(ruleName());
  }

  private Expr body(Rules rules) {
    return switch (this) {
      case SPACE ->
          Expr.alt(
              Expr.empty(),
              Expr.lit(" "),
              Expr.seq(
                  Expr.repeat(Expr.lit("\n"), 1, 2),
                  Expr.repeat(Expr.chars(CodePointSet.anyOf(" \t")), 0, 20)));
      case NULL -> Expr.lit("null");
      case BOOLEAN -> Expr.alt(Expr.lit("true"), Expr.lit("false"));
      case INTEGRAL_PART ->
          Expr.alt(
              Expr.lit("0"),
              Expr.seq(
                  Expr.chars(CodePointSet.range('1', '9')),
                  Expr.repeat(Expr.chars(DIGIT), 0, NumberRange.DIGITS - 1)));
      case DECIMAL_PART -> Expr.repeat(Expr.chars(DIGIT), 1, NumberRange.DIGITS);
      case INTEGER -> Expr.seq(Expr.optional(Expr.lit("-")), INTEGRAL_PART.in(rules));
      case NUMBER ->
          Expr.seq(
              Expr.optional(Expr.lit("-")),
              INTEGRAL_PART.in(rules),
              Expr.optional(Expr.seq(Expr.lit("."), DECIMAL_PART.in(rules))),
              Expr.optional(
                  Expr.seq(
                      Expr.chars(CodePointSet.anyOf("eE")),
                      Expr.optional(Expr.chars(CodePointSet.anyOf("+-"))),
                      Expr.repeat(Expr.chars(DIGIT), 1, 2))));
      case CHAR -> character();
      case STRING -> rules.notation().anyString(rules);
      case VALUE ->
          Expr.alt(
              OBJECT.in(rules),
              ARRAY.in(rules),
              STRING.in(rules),
              NUMBER.in(rules),
              BOOLEAN.in(rules),
              NULL.in(rules));
      case ARRAY -> listed(rules, "[", VALUE.in(rules), "]");
      case OBJECT ->
          listed(rules, "{", member(rules, rules.notation().anyKey(rules), VALUE.in(rules)), "}");
    };
  }

  private static Expr listed(Rules rules, String open, Expr item, String close) {
    Expr more = Expr.repeat(Expr.seq(comma(rules), item), 0, Expr.UNLIMITED);
    return enclosed(rules, open, Expr.optional(Expr.seq(item, more)), close);
  }

  /** What stands between brackets, which may be nothing. */
  static Expr enclosed(Rules rules, String open, Expr content, String close) {
    Expr space = SPACE.in(rules);
    Expr.Repeat r = content instanceof Expr.Repeat repeat ? repeat : new Expr.Repeat(content, 1, 1);
    boolean optional = r.min() == 0 && r.max() == 1;
    Expr inner =
        content.equals(Expr.empty())
            ? Expr.empty()
            : optional ? Expr.optional(Expr.seq(r.body(), space)) : Expr.seq(content, space);
    return Expr.seq(Expr.lit(open), space, inner, Expr.lit(close));
  }

  static Expr comma(Rules rules) {
    return Expr.seq(Expr.lit(","), SPACE.in(rules));
  }

  static Expr member(Rules rules, Expr key, Expr value) {
    Expr space = SPACE.in(rules);
    return Expr.seq(key, space, Expr.lit(":"), space, value);
  }

  /** A character of a JSON string: itself or an escape, and no half of a surrogate pair. */
  private static Expr character() {
    CodePointSet raw =
        CodePointSet.ALL.minus(CodePointSet.range(0, 0x1F)).minus(CodePointSet.anyOf("\"\\\u007F"));
    Expr hex = Expr.chars(HEX);
    Expr two = Expr.repeat(hex, 2, 2);
    CodePointSet d = CodePointSet.anyOf("dD");
    Expr basic =
        Expr.alt(
            Expr.seq(Expr.chars(HEX.minus(d)), Expr.repeat(hex, 3, 3)),
            Expr.seq(Expr.chars(d), Expr.chars(CodePointSet.range('0', '7')), two));
    Expr pair =
        Expr.seq(
            Expr.chars(d),
            Expr.chars(CodePointSet.anyOf("89abAB")),
            two,
            Expr.lit("\\u"),
            Expr.chars(d),
            Expr.chars(CodePointSet.anyOf("cdefCDEF")),
            two);
    return Expr.alt(
        Expr.chars(raw),
        Expr.seq(
            Expr.lit("\\"),
            Expr.alt(
                Expr.chars(CodePointSet.anyOf("\"\\/bfnrt")),
                Expr.seq(Expr.lit("u"), Expr.alt(basic, pair)))));
  }
}
