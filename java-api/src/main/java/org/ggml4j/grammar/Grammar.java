package org.ggml4j.grammar;

import java.util.List;
import java.util.Map;

/**
 * A grammar in GBNF, llama.cpp's notation: which texts a model may write.
 *
 * {@snippet :
 * Grammar grammar = Grammar.parse("root ::= \"yes\" | \"no\"");
 * grammar.accepts("yes"); // true
 * }
 *
 * <p>Immutable and thread-safe. Grammars are equal if their texts and their first rules are.
 *
 * <p>Source: llama.cpp v0.5.0, {@code grammars/README.md}. What differs from there is written down
 * in {@code docs/grammars.md}.
 */
public final class Grammar {
  private static final String ROOT = "root";

  private final Source source;
  private final String rootRule;
  private final Automaton automaton;

  private Grammar(Source source, String rootRule) {
    this.source = source;
    this.rootRule = rootRule;
    Map<String, Expr.Rule> rules = GrammarParser.parse(source);
    RuleChecks.check(source, rules, rootRule);
    this.automaton = new Automaton(NetworkBuilder.build(source, rules, rootRule));
  }

  /**
   * Reads a grammar that begins with the rule {@code root}.
   *
   * @throws GrammarException if it is wrong or too large; it says where
   */
  public static Grammar parse(String gbnf) {
    return parse(gbnf, ROOT);
  }

  /**
   * Reads a grammar.
   *
   * @param rootRule the name of the rule that describes the whole text
   * @throws GrammarException if it is wrong or too large; it says where
   */
  public static Grammar parse(String gbnf, String rootRule) {
    return new Grammar(new Source(gbnf), rootRule);
  }

  /** The text that it was read from. */
  public String text() {
    return source.text();
  }

  /** The name of the rule that describes the whole text. */
  public String rootRule() {
    return rootRule;
  }

  /** The state of the empty text. */
  public GrammarState start() {
    return automaton.start();
  }

  /**
   * Whether a whole text follows the grammar. What a grammar says about tokens ({@code <token>})
   * fits no text.
   *
   * @throws GrammarException if the grammar is too ambiguous for this text
   */
  public boolean accepts(CharSequence text) {
    return start().accept(text).isAccepting();
  }

  Automaton automaton() {
    return automaton;
  }

  GrammarException error(int position, String problem) {
    return source.error(position, problem);
  }

  /** What it says about tokens. */
  List<Expr.Token> tokens() {
    return automaton.network().tokens();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Grammar other
        && source.equals(other.source)
        && rootRule.equals(other.rootRule);
  }

  @Override
  public int hashCode() {
    return 31 * source.hashCode() + rootRule.hashCode();
  }

  @Override
  public String toString() {
    return "Grammar[" + rootRule + ", " + source.text().length() + " characters]";
  }
}
