package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * What nodes that hold together say about strings.
 *
 * @param expressions of which a string must match all, as wholes
 * @param without sets of strings that are not valid
 */
record StringFacts(int min, int max, List<Regex> expressions, List<Dfa> without) {

  /**
   * Collects what strings must be like.
   *
   * @param formats whether formats count; without them more strings are valid
   * @param wide whether in doubt more strings shall be valid rather than fewer
   */
  static StringFacts of(
      Collection<SchemaNode> nodes, Patterns patterns, boolean formats, boolean wide) {
    int min = 0;
    int max = Expr.UNLIMITED;
    List<Regex> expressions = new ArrayList<>();
    List<Dfa> without = new ArrayList<>();
    for (SchemaNode node : nodes) {
      min = Math.max(min, node.min("minLength"));
      max = Math.min(max, node.max("maxLength"));
      node.text("pattern").map(p -> patterns.expression(node, p, wide)).ifPresent(expressions::add);
      if (formats && node.has("format")) {
        format(node, patterns).ifPresent(expressions::add);
      }
      node.text(Keywords.NOT_PATTERN)
          .map(
              p ->
                  wide
                      ? patterns.matching(node, "pattern", p)
                      : patterns.perhapsMatching(node, "pattern", p))
          .ifPresent(without::add);
      List<String> words = new ArrayList<>();
      for (Json value : node.items(Keywords.NOT_ENUM)) {
        if (value instanceof Json.Str s) {
          words.add(s.value());
        }
      }
      if (!words.isEmpty()) {
        without.add(Dfa.ofWords(words));
      }
    }
    return new StringFacts(min, max, List.copyOf(expressions), List.copyOf(without));
  }

  private static Optional<Regex> format(SchemaNode node, Patterns patterns) {
    String name = node.text("format").orElseThrow();
    Optional<Regex> regex = patterns.format(name);
    if (regex.isEmpty() && !Formats.ANNOTATIONS.contains(name) && !NumberFacts.isFormat(name)) {
      throw new UnsupportedSchemaException(
          node.pointer(),
          "format",
          "the format '" + name + "' is not known; use a pattern, or leave it out");
    }
    return regex;
  }

  /** Whether a listed value has the formats that nodes ask for which do not list it themselves. */
  static boolean hasFormats(Json value, Collection<SchemaNode> nodes, Patterns patterns) {
    for (SchemaNode node : nodes) {
      boolean lists = node.has("enum") || node.has("const");
      if (value instanceof Json.Str s && node.has("format") && !lists) {
        Optional<Regex> regex = format(node, patterns);
        if (regex.isPresent() && !Dfa.of(regex.get()).matches(s.value())) {
          return false;
        }
      }
    }
    return true;
  }

  boolean isAll() {
    return expressions.isEmpty() && without.isEmpty() && min == 0 && max == Expr.UNLIMITED;
  }

  /** All strings that are valid. */
  Dfa toDfa() {
    Regex any = new Regex.Repeat(new Regex.Chars(CodePointSet.ALL), min, max);
    Dfa all = Dfa.of(any);
    for (Regex expression : expressions) {
      all = Dfa.of(expression).and(all);
    }
    for (Dfa not : without) {
      all = all.minus(not);
    }
    return all;
  }

  /** The one expression that says it all, if there is one: lengths are part of it already. */
  Optional<Regex> single() {
    if (!without.isEmpty() || expressions.size() > 1) {
      return Optional.empty();
    }
    if (expressions.isEmpty()) {
      return Optional.of(new Regex.Repeat(new Regex.Chars(CodePointSet.ALL), min, max));
    }
    Regex one = expressions.get(0);
    Regex.Lengths lengths = one.lengths();
    if (lengths.min() >= min && lengths.max() <= max) {
      return Optional.of(one);
    }
    if (one instanceof Regex.Repeat r && r.body() instanceof Regex.Chars) {
      int least = Math.max(min, r.min());
      int most = Math.min(max, r.max());
      return least <= most
          ? Optional.of(new Regex.Repeat(r.body(), least, most))
          : Optional.of(new Regex.Chars(CodePointSet.NONE));
    }
    return Optional.empty();
  }
}
