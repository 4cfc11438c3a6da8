package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** How a grammar's values are written. */
enum Notation {
  /** RFC 8259. */
  JSON,

  /**
   * Without spaces, keys as they are, and texts between marks without escapes. Source: the chat
   * template of Gemma 4.
   */
  GEMMA;

  /** The rule of the mark around texts. */
  static final String QUOTE = "quote";

  private static final String GEMMA_QUOTE = "<|\"|>";
  private static final CodePointSet KEY_PART =
      CodePointSet.range('a', 'z')
          .or(CodePointSet.range('A', 'Z'))
          .or(CodePointSet.range('0', '9'))
          .or(CodePointSet.anyOf("_-."));
  private static final Regex KEY = new Regex.Repeat(new Regex.Chars(KEY_PART), 1, Regex.UNLIMITED);

  /** Writes an automaton. */
  interface DfaWriter {
    Expr write(Dfa dfa, CharWriter writer, String path);
  }

  /** Any text. */
  Expr anyString(Rules rules) {
    Expr content =
        this == JSON
            ? Expr.repeat(Primitive.CHAR.in(rules), 0, Expr.UNLIMITED)
            : DfaGrammar.of(Dfa.without(GEMMA_QUOTE), rules, CharWriter.plain(rules), "text");
    return quoted(rules, content);
  }

  /** A text of which facts are known. */
  Expr string(Rules rules, StringFacts facts, String path, DfaWriter writer) {
    if (this == JSON) {
      CharWriter json = CharWriter.json(rules);
      Optional<Regex> single = facts.single();
      return quoted(
          rules,
          single.isPresent()
              ? RegexGrammar.expr(single.get(), rules, json, path)
              : writer.write(facts.toDfa(), json, path));
    }
    return quoted(rules, plain(rules, facts, GEMMA_QUOTE, path, writer));
  }

  /** A text as it is, up to a mark that it does not contain. */
  static Expr plain(Rules rules, StringFacts facts, String mark, String path, DfaWriter writer) {
    if (facts.isAll()) {
      return writer.write(Dfa.without(mark), CharWriter.plain(rules), path);
    }
    try {
      Dfa all = facts.toDfa().and(Dfa.without(mark));
      return writer.write(all, CharWriter.plain(rules), path);
    } catch (TooLargeException e) {
      Regex single = facts.single().orElseThrow(() -> e);
      CodePointSet begin = CodePointSet.of(mark.codePointAt(0));
      return RegexGrammar.expr(single, rules, CharWriter.without(rules, begin), path);
    }
  }

  /** Any key of an object. */
  Expr anyKey(Rules rules) {
    return this == JSON
        ? Primitive.STRING.in(rules)
        : Expr.repeat(Expr.chars(KEY_PART), 1, Expr.UNLIMITED);
  }

  /** One key of an object. */
  Expr key(Collection<SchemaNode> nodes, String name) {
    if (this == JSON) {
      return Expr.lit(JsonText.quote(name));
    }
    if (name.isEmpty() || !name.codePoints().allMatch(KEY_PART::contains)) {
      throw new UnsupportedSchemaException(
          nodes.iterator().next().pointer(),
          "properties",
          "'" + name + "' is a name that can't be written without quotes");
    }
    return Expr.lit(name);
  }

  /** A key that an automaton reads. */
  Expr key(Rules rules, Dfa dfa, String path, DfaWriter writer) {
    return this == JSON
        ? quoted(rules, writer.write(dfa, CharWriter.json(rules), path))
        : writer.write(Dfa.of(KEY).and(dfa), CharWriter.plain(rules), path);
  }

  /** One value. */
  Expr value(Rules rules, Json value) {
    if (this == JSON) {
      return Expr.lit(JsonText.write(value));
    }
    List<Expr> parts = new ArrayList<>();
    if (value instanceof Json.Str s) {
      return s.value().contains(GEMMA_QUOTE) ? Expr.never() : quoted(rules, Expr.lit(s.value()));
    }
    if (value instanceof Json.Arr a) {
      for (Json item : a.items()) {
        parts.add(Expr.lit(parts.isEmpty() ? "[" : ","));
        parts.add(value(rules, item));
      }
      parts.add(Expr.lit(a.items().isEmpty() ? "[]" : "]"));
      return Expr.seq(parts);
    }
    if (value instanceof Json.Obj o) {
      for (var member : o.members().entrySet()) {
        boolean plain =
            !member.getKey().isEmpty() && member.getKey().codePoints().allMatch(KEY_PART::contains);
        parts.add(Expr.lit(parts.isEmpty() ? "{" : ","));
        parts.add(plain ? Expr.lit(member.getKey() + ":") : Expr.never());
        parts.add(value(rules, member.getValue()));
      }
      parts.add(Expr.lit(o.members().isEmpty() ? "{}" : "}"));
      return Expr.seq(parts);
    }
    return Expr.lit(JsonText.write(value));
  }

  private Expr quoted(Rules rules, Expr content) {
    if (this == JSON) {
      return Expr.seq(Expr.lit("\""), content, Expr.lit("\""));
    }
    Expr quote = rules.define(QUOTE, Expr.lit(GEMMA_QUOTE));
    return Expr.seq(quote, content, quote);
  }
}
