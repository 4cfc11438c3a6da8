package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What nodes that hold together say about objects.
 *
 * @param names of properties with schemas of their own, in the order of their declaration
 * @param required among them those that must be there
 * @param absent names that must not be there
 */
record ObjectFacts(
    Collection<SchemaNode> nodes,
    Patterns patterns,
    Set<String> names,
    Set<String> required,
    Set<String> absent,
    int min,
    int max) {
  private static final int MAX_PATTERNS = 6;

  static ObjectFacts of(Collection<SchemaNode> nodes, Patterns patterns) {
    Set<String> names = new LinkedHashSet<>();
    Set<String> required = new LinkedHashSet<>();
    Set<String> absent = new LinkedHashSet<>();
    int min = 0;
    int max = Expr.UNLIMITED;
    for (SchemaNode node : nodes) {
      names.addAll(node.members("properties").keySet());
      required.addAll(node.texts("required"));
      node.text(Keywords.ABSENT).ifPresent(absent::add);
      min = Math.max(min, node.min("minProperties"));
      max = Math.min(max, node.max("maxProperties"));
    }
    names.addAll(required);
    return new ObjectFacts(nodes, patterns, names, required, absent, min, max);
  }

  /** What one node says of a property. */
  static List<SchemaNode> schemasOf(SchemaNode node, String name, Patterns patterns) {
    List<SchemaNode> all = new ArrayList<>();
    Json own = node.members("properties").get(name);
    if (own != null) {
      all.add(node.namedChild("properties", name, own));
    }
    node.namedChildren("patternProperties")
        .forEach(
            (pattern, schema) -> {
              if (patterns.matching(node, "patternProperties", pattern).matches(name)) {
                all.add(schema);
              }
            });
    if (all.isEmpty()) {
      node.child("additionalProperties").ifPresent(all::add);
    }
    return all;
  }

  /** All that must hold of a property's value. */
  Set<SchemaNode> property(String name) {
    Set<SchemaNode> all = new LinkedHashSet<>();
    nodes.forEach(node -> all.addAll(schemasOf(node, name, patterns)));
    return all;
  }

  /** All that must hold of property names. */
  Set<SchemaNode> propertyNames() {
    Set<SchemaNode> all = new LinkedHashSet<>();
    nodes.forEach(node -> node.child("propertyNames").ifPresent(all::add));
    return all;
  }

  /**
   * Properties without a name of their own.
   *
   * @param in patterns that the name matches
   * @param out patterns that it does not match
   * @param value all that must hold of the value
   */
  record Extra(List<Pattern> in, List<Pattern> out, Set<SchemaNode> value) {}

  /** A key of patternProperties. */
  record Pattern(SchemaNode node, String regex, SchemaNode schema) {}

  /**
   * What other properties are written. As in llama.cpp, properties that match nothing are only
   * written where they are mentioned, or where nothing is said about properties at all.
   *
   * @throws UnsupportedSchemaException if there are too many patterns to tell apart
   */
  List<Extra> extras() {
    List<Pattern> all = new ArrayList<>();
    boolean described = false;
    boolean mentioned = false;
    for (SchemaNode node : nodes) {
      node.namedChildren("patternProperties")
          .forEach((regex, schema) -> all.add(new Pattern(node, regex, schema)));
      described |= !node.isSynthetic() && node.has("properties") || node.has("patternProperties");
      mentioned |= node.child("additionalProperties").map(a -> !a.isFalse()).orElse(false);
    }
    if (all.size() > MAX_PATTERNS) {
      throw new UnsupportedSchemaException(
          all.get(0).node.pointer(),
          "patternProperties",
          "more than " + MAX_PATTERNS + " patterns together");
    }
    List<Extra> extras = new ArrayList<>();
    int first = mentioned || !described ? 0 : 1;
    for (int bits = first; bits < 1 << all.size(); bits++) {
      List<Pattern> in = new ArrayList<>();
      List<Pattern> out = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        ((bits >> i & 1) == 1 ? in : out).add(all.get(i));
      }
      extras.add(new Extra(in, out, extraValue(in)));
    }
    return extras;
  }

  private Set<SchemaNode> extraValue(List<Pattern> in) {
    Set<SchemaNode> value = new LinkedHashSet<>();
    for (SchemaNode node : nodes) {
      boolean matched = false;
      for (Pattern p : in) {
        if (p.node.equals(node)) {
          value.add(p.schema);
          matched = true;
        }
      }
      if (!matched) {
        node.child("additionalProperties").ifPresent(value::add);
      }
    }
    return value;
  }
}
