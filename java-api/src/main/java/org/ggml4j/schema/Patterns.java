package org.ggml4j.schema;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The regular expressions of one schema, each read once. */
final class Patterns {
  private final Map<String, Regex> narrow = new HashMap<>();
  private final Map<String, Dfa> narrowSets = new HashMap<>();
  private final Map<String, Dfa> wideSets = new HashMap<>();

  /**
   * What a whole text must match for a keyword's pattern to be found in it.
   *
   * @throws SchemaException at the keyword, if the pattern can't be used
   */
  Regex narrow(SchemaNode node, String keyword, String pattern) {
    return narrow.computeIfAbsent(pattern, p -> parse(node, keyword, p, false));
  }

  Regex expression(SchemaNode node, String pattern, boolean wide) {
    return wide ? parse(node, "pattern", pattern, true) : narrow(node, "pattern", pattern);
  }

  /** Texts in which every reader finds the pattern. */
  Dfa matching(SchemaNode node, String keyword, String pattern) {
    return narrowSets.computeIfAbsent(pattern, p -> Dfa.of(narrow(node, keyword, p)));
  }

  /** Texts in which any reader might find the pattern. */
  Dfa perhapsMatching(SchemaNode node, String keyword, String pattern) {
    return wideSets.computeIfAbsent(pattern, p -> Dfa.of(parse(node, keyword, p, true)));
  }

  /** What a format's texts are like; all that match are valid. Empty if it is not known. */
  Optional<Regex> format(String name) {
    return Optional.ofNullable(Formats.REGEX.get(name))
        .map(
            regex ->
                narrow.computeIfAbsent(
                    "^(?:" + regex + ")$",
                    p -> Regex.resolve(p, RegexParser.parse(p, false), true)));
  }

  private static Regex parse(SchemaNode node, String keyword, String pattern, boolean wide) {
    try {
      return Regex.resolve(pattern, RegexParser.parse(pattern, wide), true);
    } catch (RegexException e) {
      throw new UnsupportedSchemaException(node.pointer(), keyword, String.valueOf(e.getMessage()));
    }
  }
}
