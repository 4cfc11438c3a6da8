package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Writes strings, numbers, booleans and null. */
final class ScalarWriter {
  /** States of all automata of one schema together. */
  private static final int MAX_STATES = 100_000;

  private final Rules rules;
  private final Patterns patterns;
  private final CharWriter plain;
  private int states;

  ScalarWriter(Rules rules, Patterns patterns) {
    this.rules = rules;
    this.patterns = patterns;
    plain = CharWriter.plain(rules);
  }

  Expr nothing(Set<SchemaNode> nodes) {
    return excluded(nodes, Json.Null.class).isEmpty() ? Primitive.NULL.in(rules) : Expr.never();
  }

  Expr booleans(Set<SchemaNode> nodes) {
    Set<Boolean> left = Disjointness.booleans(nodes);
    return left.size() == 2
        ? Primitive.BOOLEAN.in(rules)
        : Expr.alt(left.stream().map(b -> Expr.lit(b.toString())).toList());
  }

  Expr numbers(Branch branch, String path) {
    NumberRange range = NumberFacts.of(branch.nodes());
    boolean integers = branch.written().contains(Type.INTEGER);
    boolean others = branch.written().contains(Type.NUMBER);
    range = integers && !others ? range.asInteger() : integers ? range : range.asFractional();
    List<Json.Num> excluded = excluded(branch.nodes(), Json.Num.class);
    if (range.isAll() && excluded.isEmpty()) {
      return (range.integer() ? Primitive.INTEGER : Primitive.NUMBER).in(rules);
    }
    if (!excluded.isEmpty() && others) {
      throw SchemaCompiler.unsupported(
          branch.nodes(),
          "a number can't be taken out of all numbers; use the type integer, or limits",
          Keywords.NOT_ENUM);
    }
    Dfa all;
    try {
      all = range.toDfa();
    } catch (TooLargeException e) {
      throw SchemaCompiler.unsupported(
          branch.nodes(), String.valueOf(e.getMessage()), "multipleOf", "minimum", "maximum");
    }
    List<String> words = new ArrayList<>();
    for (Json.Num n : excluded) {
      if (n.isInteger()) {
        words.add(n.value().toBigInteger().toString());
      }
    }
    return write(words.isEmpty() ? all : all.minus(Dfa.ofWords(words)), plain, path);
  }

  /** The values of a type that must not be. */
  static <T extends Json> List<T> excluded(Set<SchemaNode> nodes, Class<T> type) {
    List<T> values = new ArrayList<>();
    for (SchemaNode node : nodes) {
      for (Json value : node.items(Keywords.NOT_ENUM)) {
        if (type.isInstance(value)) {
          values.add(type.cast(value));
        }
      }
    }
    return values;
  }

  /** Objects and arrays can't be told apart from single ones of their kind. */
  static void refuseExcluded(Set<SchemaNode> nodes, Class<? extends Json> type) {
    if (!excluded(nodes, type).isEmpty()) {
      throw SchemaCompiler.unsupported(
          nodes, "a single object or array can't be taken out of all", Keywords.NOT_ENUM);
    }
  }

  Expr string(Set<SchemaNode> nodes, String path) {
    StringFacts facts = StringFacts.of(nodes, patterns, true, false);
    if (facts.isAll()) {
      return Primitive.STRING.in(rules);
    }
    if (facts.min() > facts.max()) {
      return Expr.never();
    }
    try {
      return rules.notation().string(rules, facts, path, this::write);
    } catch (TooLargeException e) {
      throw SchemaCompiler.unsupported(
          nodes, String.valueOf(e.getMessage()), "pattern", "format", "maxLength", "minLength");
    }
  }

  /** A text as it is, without a mark. */
  Expr plain(StringFacts facts, String mark) {
    return facts.min() > facts.max()
        ? Expr.never()
        : Notation.plain(rules, facts, mark, "text", this::write);
  }

  /** An object's key that an automaton reads. */
  Expr key(Dfa dfa, String path) {
    return rules.notation().key(rules, dfa, path, this::write);
  }

  private Expr write(Dfa dfa, CharWriter writer, String path) {
    states += dfa.size();
    if (states > MAX_STATES) {
      throw new TooLargeException("the patterns and ranges of the schema are too many together");
    }
    return DfaGrammar.of(dfa, rules, writer, path.isEmpty() ? "part" : path);
  }
}
