package org.ggml4j.schema;

import java.util.List;

/** Grammars of regular expressions. */
public final class RegexGrammar {
  private RegexGrammar() {}

  /**
   * The grammar, in GBNF, of the texts that match an expression as a whole.
   *
   * <p>What ECMAScript's and Java's expressions have in common is read: characters and escapes
   * ({@code \n}, <code>&#92;u0041</code>, {@code \x41}, {@code \p{L}}), classes ({@code [a-z]},
   * {@code [^"]}, {@code \d \w \s}), the dot, groups, alternatives, repetitions (greedy and lazy),
   * {@code ^} and {@code $} at the ends. Where the two read something differently, as spaces and
   * line ends beyond ASCII, only what matches in both is let through.
   *
   * @throws RegexException with the position, if the expression is wrong, looks around, refers
   *     back, matches nothing at all or is too large
   */
  public static String toGbnf(String regex) {
    Rules rules = new Rules();
    try {
      Regex whole = Regex.resolve(regex, RegexParser.parse(regex, false), false);
      rules.define("root", expr(whole, rules, CharWriter.plain(rules), "part"));
      String gbnf = rules.toGbnf();
      if (gbnf.isEmpty()) {
        throw new RegexException(regex, 0, "no text matches it");
      }
      return gbnf;
    } catch (TooLargeException e) {
      throw new RegexException(regex, 0, String.valueOf(e.getMessage()));
    }
  }

  /** The expression of a grammar for an expression without anchors, as it is written. */
  static Expr expr(Regex regex, Rules rules, CharWriter writer, String wish) {
    return repeatsNothing(regex)
        ? DfaGrammar.of(Dfa.of(regex), rules, writer, wish)
        : direct(regex, rules, writer, wish);
  }

  /** Whether something that may be empty is repeated without end, which grammars can't have. */
  private static boolean repeatsNothing(Regex regex) {
    if (regex instanceof Regex.Repeat r) {
      return repeatsNothing(r.body())
          || (r.max() == Regex.UNLIMITED && r.body().lengths().min() == 0);
    }
    List<Regex> parts =
        regex instanceof Regex.Seq s
            ? s.parts()
            : regex instanceof Regex.Alt a ? a.options() : List.of();
    return parts.stream().anyMatch(RegexGrammar::repeatsNothing);
  }

  private static Expr direct(Regex regex, Rules rules, CharWriter writer, String wish) {
    if (regex instanceof Regex.Chars chars) {
      return writer.write(chars.set());
    }
    if (regex instanceof Regex.Repeat r) {
      Expr body = direct(r.body(), rules, writer, wish);
      boolean counted = r.max() != Regex.UNLIMITED && r.max() > 1;
      boolean group = body instanceof Expr.Seq || body instanceof Expr.Alt;
      return rules.repeat(
          wish, counted && group ? rules.named(wish, body) : body, r.min(), r.max());
    }
    if (regex instanceof Regex.Alt alt) {
      return Expr.alt(alt.options().stream().map(o -> direct(o, rules, writer, wish)).toList());
    }
    return Expr.seq(
        ((Regex.Seq) regex).parts().stream().map(p -> direct(p, rules, writer, wish)).toList());
  }
}
