package org.ggml4j.grammar;

import java.util.List;

/** The right side of a rule, or a part of it. Positions are indices into the grammar's text. */
sealed interface Expr {

  /** These characters, one after the other; none of them is a surrogate half. */
  record Literal(String text) implements Expr {}

  /** One character of a set. */
  record Chars(CodePoints set) implements Expr {}

  /**
   * One token of the vocabulary, or one that is any other.
   *
   * @param id the token, or -1 if {@code text} says which
   * @param text with its angle brackets
   */
  record Token(boolean negated, int id, String text, int position) implements Expr {}

  /** What another rule describes. */
  record Reference(String rule, int position) implements Expr {}

  /** Parts one after the other; nothing at all if there are none. */
  record Sequence(List<Expr> parts) implements Expr {}

  /** One of several. */
  record Choice(List<Expr> alternates) implements Expr {}

  /**
   * From {@code min} to {@code max} times.
   *
   * @param max {@link #UNLIMITED} or at least {@code min}
   */
  record Repeat(Expr body, int min, int max, int position) implements Expr {}

  int UNLIMITED = Integer.MAX_VALUE;

  /** A rule with its name. */
  record Rule(String name, Expr body, int position) {}
}
