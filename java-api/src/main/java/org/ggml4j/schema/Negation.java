package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Schemas that are valid where another is not, for those keywords where that can be written. */
final class Negation {
  private static final Json FALSE = new Json.Bool(false);

  private final SchemaNode node;
  private final List<Json> options = new ArrayList<>();

  private Negation(SchemaNode node) {
    this.node = node;
  }

  /**
   * The schema under which exactly those values are valid that are not under {@code node}.
   *
   * @throws UnsupportedSchemaException naming the keyword that can't be turned around
   */
  static SchemaNode of(SchemaNode node) {
    if (node.isTrue() || node.isFalse()) {
      return node.document().synthetic(node, "not", new Json.Bool(node.isFalse()));
    }
    node.checkKeywords();
    List<String> keywords = node.assertions();
    if (keywords.equals(List.of("$ref"))) {
      return of(node.document().resolve(node));
    }
    if (keywords.equals(List.of("not"))) {
      return node.child("not").orElseThrow();
    }
    Negation negation = new Negation(node);
    keywords.forEach(negation::add);
    Json any =
        negation.options.isEmpty()
            ? FALSE
            : negation.options.size() == 1
                ? negation.options.get(0)
                : object("anyOf", new Json.Arr(negation.options));
    return node.document().synthetic(node, "not", any);
  }

  private void add(String keyword) {
    switch (keyword) {
      case "type" -> options.add(object(Keywords.NOT_TYPE, list(node.get(keyword).orElseThrow())));
      case "enum" -> options.add(object(Keywords.NOT_ENUM, new Json.Arr(node.items(keyword))));
      case "const" ->
          options.add(
              object(Keywords.NOT_ENUM, new Json.Arr(List.of(node.get(keyword).orElseThrow()))));
      case "required" ->
          node.texts(keyword).forEach(n -> add("object", Keywords.ABSENT, new Json.Str(n)));
      case "properties" -> node.members(keyword).forEach(this::addProperty);
      case "pattern" -> add("string", Keywords.NOT_PATTERN, node.get(keyword).orElseThrow());
      case "minLength" -> addBelow("string", "maxLength", node.min(keyword));
      case "maxLength" -> addAbove("string", "minLength", node.max(keyword));
      case "minItems" -> addBelow("array", "maxItems", node.min(keyword));
      case "maxItems" -> addAbove("array", "minItems", node.max(keyword));
      case "minProperties" -> addBelow("object", "maxProperties", node.min(keyword));
      case "maxProperties" -> addAbove("object", "minProperties", node.max(keyword));
      case "minimum" ->
          addNumber(node.flagged("exclusiveMinimum") ? "maximum" : "exclusiveMaximum", keyword);
      case "maximum" ->
          addNumber(node.flagged("exclusiveMaximum") ? "minimum" : "exclusiveMinimum", keyword);
      case "exclusiveMinimum" -> {
        if (!node.isFlag(keyword)) {
          addNumber("maximum", keyword);
        }
      }
      case "exclusiveMaximum" -> {
        if (!node.isFlag(keyword)) {
          addNumber("minimum", keyword);
        }
      }
      case "allOf" -> node.items(keyword).forEach(s -> options.add(object("not", s)));
      case "anyOf" ->
          options.add(
              object(
                  "allOf",
                  new Json.Arr(node.items(keyword).stream().map(s -> object("not", s)).toList())));
      case "not" -> options.add(node.get(keyword).orElseThrow());
      case "$ref" -> options.add(object("not", object(keyword, node.get(keyword).orElseThrow())));
      case Keywords.NOT_TYPE -> options.add(object("type", node.get(keyword).orElseThrow()));
      case Keywords.NOT_ENUM -> options.add(object("enum", node.get(keyword).orElseThrow()));
      case Keywords.NOT_PATTERN -> add("string", "pattern", node.get(keyword).orElseThrow());
      case Keywords.ABSENT ->
          add("object", "required", new Json.Arr(List.of(node.get(keyword).orElseThrow())));
      default ->
          throw new UnsupportedSchemaException(
              node.pointer(),
              keyword,
              "'" + keyword + "' can't be turned around, which not, if and oneOf need here");
    }
  }

  private void addProperty(String name, Json schema) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("type", new Json.Str("object"));
    members.put("required", new Json.Arr(List.of(new Json.Str(name))));
    members.put("properties", object(name, object("not", schema)));
    options.add(new Json.Obj(members));
  }

  private void addBelow(String type, String keyword, int count) {
    if (count > 0) {
      add(type, keyword, Json.Num.of(count - 1));
    }
  }

  private void addAbove(String type, String keyword, int count) {
    if (count < Expr.UNLIMITED) {
      add(type, keyword, Json.Num.of(count + 1));
    }
  }

  private void addNumber(String keyword, String from) {
    BigDecimal limit = node.number(from).orElseThrow();
    add("number", keyword, Json.Num.of(limit));
  }

  private void add(String type, String keyword, Json value) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("type", new Json.Str(type));
    members.put(keyword, value);
    options.add(new Json.Obj(members));
  }

  private static Json list(Json value) {
    return value instanceof Json.Arr ? value : new Json.Arr(List.of(value));
  }

  private static Json object(String name, Json value) {
    return new Json.Obj(Map.of(name, value));
  }
}
