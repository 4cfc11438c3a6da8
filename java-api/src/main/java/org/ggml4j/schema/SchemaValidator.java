package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Says whether a value that is written in a schema, of an enum or a const, is valid under others
 * that hold at the same place. Formats are not looked at: a list of values means what it says.
 */
final class SchemaValidator {
  private static final int MAX_DEPTH = 500;

  private final Patterns patterns;
  private int depth;

  SchemaValidator(Patterns patterns) {
    this.patterns = patterns;
  }

  boolean isValid(SchemaNode node, Json value) {
    if (node.isTrue() || node.isFalse()) {
      return node.isTrue();
    }
    node.checkKeywords();
    if (++depth > MAX_DEPTH) {
      throw new SchemaException(node.pointer(), "refers to itself without end");
    }
    try {
      return isGenerallyValid(node, value) && isPlainlyValid(node, value);
    } finally {
      depth--;
    }
  }

  /** Whether a value is valid under a node's own keywords, whatever schemas it puts together. */
  boolean isPlainlyValid(SchemaNode node, Json value) {
    return isValidType(node, value)
        && (!(value instanceof Json.Str s) || isValidText(node, s.value()))
        && (!(value instanceof Json.Num n) || isValidNumber(node, n.value()))
        && (!(value instanceof Json.Arr a) || isValidArray(node, a.items()))
        && (!(value instanceof Json.Obj o) || isValidObject(node, o.members()));
  }

  private boolean isValidType(SchemaNode node, Json value) {
    boolean typed = node.has("type") || node.has(Keywords.NOT_TYPE);
    return (!typed || Type.of(node).contains(Type.of(value)))
        && (!node.has("enum") || node.items("enum").contains(value))
        && node.get("const").map(value::equals).orElse(true)
        && !node.items(Keywords.NOT_ENUM).contains(value);
  }

  private boolean isGenerallyValid(SchemaNode node, Json value) {
    if (node.has("$ref") && !isValid(node.document().resolve(node), value)) {
      return false;
    }
    for (SchemaNode child : node.children("allOf")) {
      if (!isValid(child, value)) {
        return false;
      }
    }
    if (node.has("anyOf") && count(node.children("anyOf"), value) == 0) {
      return false;
    }
    if (node.has("oneOf") && count(node.children("oneOf"), value) != 1) {
      return false;
    }
    if (node.child("not").map(child -> isValid(child, value)).orElse(false)) {
      return false;
    }
    for (Dependency dependency : Dependency.of(node)) {
      boolean applies = value instanceof Json.Obj o && o.get(dependency.name()).isPresent();
      if (applies && !isValid(dependency.then(), value)) {
        return false;
      }
    }
    Optional<SchemaNode> condition = node.child("if");
    if (condition.isEmpty()) {
      return true;
    }
    String branch = isValid(condition.get(), value) ? "then" : "else";
    return node.child(branch).map(child -> isValid(child, value)).orElse(true);
  }

  private long count(List<SchemaNode> nodes, Json value) {
    return nodes.stream().filter(node -> isValid(node, value)).count();
  }

  private boolean isValidText(SchemaNode node, String text) {
    int length = text.codePointCount(0, text.length());
    return length >= node.min("minLength")
        && length <= node.max("maxLength")
        && node.text("pattern")
            .map(p -> patterns.matching(node, "pattern", p).matches(text))
            .orElse(true)
        && node.text(Keywords.NOT_PATTERN)
            .map(p -> !patterns.perhapsMatching(node, "pattern", p).matches(text))
            .orElse(true);
  }

  private static boolean isValidNumber(SchemaNode node, BigDecimal value) {
    NumberRange range = NumberFacts.withLimits(NumberRange.ALL, node);
    boolean aboveMin = range.min().map(l -> isWithin(l, l.value(), value)).orElse(true);
    boolean belowMax = range.max().map(l -> isWithin(l, value, l.value())).orElse(true);
    return aboveMin
        && belowMax
        && range.multipleOf().map(m -> value.remainder(m).signum() == 0).orElse(true);
  }

  private static boolean isWithin(NumberRange.Limit limit, BigDecimal small, BigDecimal large) {
    int order = small.compareTo(large);
    return order < 0 || (order == 0 && !limit.exclusive());
  }

  private boolean isValidArray(SchemaNode node, List<Json> items) {
    if (items.size() < node.min("minItems")
        || items.size() > node.max("maxItems")
        || (node.flag("uniqueItems") && new HashSet<>(items).size() < items.size())) {
      return false;
    }
    for (int i = 0; i < items.size(); i++) {
      Optional<SchemaNode> schema = ArrayFacts.item(node, i);
      if (schema.isPresent() && !isValid(schema.get(), items.get(i))) {
        return false;
      }
    }
    return true;
  }

  private boolean isValidObject(SchemaNode node, Map<String, Json> members) {
    Set<String> required = new LinkedHashSet<>(node.texts("required"));
    boolean complete = members.keySet().containsAll(required);
    boolean absent = node.text(Keywords.ABSENT).map(members::containsKey).orElse(false);
    if (!complete
        || absent
        || members.size() < node.min("minProperties")
        || members.size() > node.max("maxProperties")) {
      return false;
    }
    for (var member : members.entrySet()) {
      Json name = new Json.Str(member.getKey());
      if (!node.child("propertyNames").map(child -> isValid(child, name)).orElse(true)) {
        return false;
      }
      for (SchemaNode schema : ObjectFacts.schemasOf(node, member.getKey(), patterns)) {
        if (!isValid(schema, member.getValue())) {
          return false;
        }
      }
    }
    return true;
  }
}
