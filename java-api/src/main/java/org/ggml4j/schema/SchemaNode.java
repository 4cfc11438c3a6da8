package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A schema within a document: what its keywords say, each checked when it is asked for. */
final class SchemaNode {
  /** No text that is written counts further. */
  static final int MAX_COUNT = 1_000_000;

  private final SchemaDocument document;
  private final String key;
  private final String pointer;
  private final Json json;
  private final boolean synthetic;
  private boolean checked;

  SchemaNode(SchemaDocument document, String key, String pointer, Json json, boolean synthetic) {
    this.document = document;
    this.key = key;
    this.pointer = pointer;
    this.json = json;
    this.synthetic = synthetic;
  }

  SchemaDocument document() {
    return document;
  }

  String key() {
    return key;
  }

  /** Where in the document it stands, or what it follows from. */
  String pointer() {
    return pointer;
  }

  Json json() {
    return json;
  }

  /** Whether it was not written by the schema's author but follows from what he wrote. */
  boolean isSynthetic() {
    return synthetic;
  }

  boolean isTrue() {
    return json.equals(new Json.Bool(true));
  }

  boolean isFalse() {
    return json.equals(new Json.Bool(false));
  }

  /** Whether every value is valid under it. */
  boolean saysNothing() {
    return isTrue() || (!isFalse() && assertions().isEmpty());
  }

  void requireSchema() {
    if (!(json instanceof Json.Obj) && !(json instanceof Json.Bool)) {
      throw new SchemaException(
          pointer, "expected a schema, that is an object or a boolean, found " + found(json));
    }
  }

  /**
   * Checks that all keywords are known.
   *
   * @throws UnsupportedSchemaException naming the first that is not
   */
  void checkKeywords() {
    if (!checked && json instanceof Json.Obj o) {
      Keywords.check(this, o);
    }
    checked = true;
  }

  /** What the author used to list values at this place, if the node follows from such a list. */
  String listKeyword() {
    return document.at(pointer).filter(node -> node.has("const")).isPresent() ? "const" : "enum";
  }

  /** Names of keywords that say something about values. */
  List<String> assertions() {
    return json instanceof Json.Obj o
        ? o.members().keySet().stream().filter(k -> !Keywords.isAnnotation(k)).toList()
        : List.of();
  }

  boolean has(String keyword) {
    return get(keyword).isPresent();
  }

  Optional<Json> get(String keyword) {
    return json instanceof Json.Obj o ? o.get(keyword) : Optional.empty();
  }

  private SchemaNode node(String path, Json value) {
    SchemaNode node = document.node(this, path, value);
    node.requireSchema();
    return node;
  }

  /** The schema that is a keyword's value. */
  Optional<SchemaNode> child(String keyword) {
    return get(keyword).map(value -> node("/" + SchemaDocument.escape(keyword), value));
  }

  boolean isList(String keyword) {
    return get(keyword).map(value -> value instanceof Json.Arr).orElse(false);
  }

  /** The schemas that are a keyword's value, an array; none without the keyword. */
  List<SchemaNode> children(String keyword) {
    List<SchemaNode> nodes = new ArrayList<>();
    for (Json item : items(keyword)) {
      nodes.add(node("/" + keyword + "/" + nodes.size(), item));
    }
    return nodes;
  }

  /** The schemas that are a keyword's value, an object; none without the keyword. */
  Map<String, SchemaNode> namedChildren(String keyword) {
    Map<String, SchemaNode> nodes = new LinkedHashMap<>();
    members(keyword).forEach((name, value) -> nodes.put(name, namedChild(keyword, name, value)));
    return nodes;
  }

  SchemaNode namedChild(String keyword, String name, Json value) {
    return node("/" + keyword + "/" + SchemaDocument.escape(name), value);
  }

  Map<String, Json> members(String keyword) {
    Json value = get(keyword).orElse(new Json.Obj(Map.of()));
    if (value instanceof Json.Obj o) {
      return o.members();
    }
    throw error(keyword, "expected an object, found " + found(value));
  }

  /** A keyword's value, an array; empty without the keyword. */
  List<Json> items(String keyword) {
    Json value = get(keyword).orElse(new Json.Arr(List.of()));
    if (value instanceof Json.Arr a) {
      return a.items();
    }
    throw error(keyword, "expected an array, found " + found(value));
  }

  /** A keyword's value, an array of strings; empty without the keyword. */
  List<String> texts(String keyword) {
    return texts(keyword, items(keyword));
  }

  List<String> texts(String keyword, List<Json> items) {
    List<String> texts = new ArrayList<>();
    for (Json item : items) {
      if (!(item instanceof Json.Str s)) {
        throw error(keyword, "expected strings, found " + found(item));
      }
      texts.add(s.value());
    }
    return texts;
  }

  Optional<String> text(String keyword) {
    return get(keyword)
        .map(
            value -> {
              if (value instanceof Json.Str s) {
                return s.value();
              }
              throw error(keyword, "expected a string, found " + found(value));
            });
  }

  boolean flag(String keyword) {
    Json value = get(keyword).orElse(new Json.Bool(false));
    if (value instanceof Json.Bool b) {
      return b.value();
    }
    throw error(keyword, "expected a boolean, found " + found(value));
  }

  /** Whether a keyword's value is a boolean, as that of draft 4's exclusiveMinimum. */
  boolean isFlag(String keyword) {
    return get(keyword).map(value -> value instanceof Json.Bool).orElse(false);
  }

  boolean flagged(String keyword) {
    return isFlag(keyword) && flag(keyword);
  }

  Optional<BigDecimal> number(String keyword) {
    return get(keyword)
        .map(
            value -> {
              if (value instanceof Json.Num n) {
                return n.value();
              }
              throw error(keyword, "expected a number, found " + found(value));
            });
  }

  /** A count from which on something is valid; 0 without the keyword. */
  int min(String keyword) {
    BigDecimal value = count(keyword).orElse(BigDecimal.ZERO);
    if (value.compareTo(BigDecimal.valueOf(MAX_COUNT)) > 0) {
      throw new UnsupportedSchemaException(pointer, keyword, "more than " + MAX_COUNT);
    }
    return value.intValueExact();
  }

  /** A count up to which something is valid; {@link Expr#UNLIMITED} without the keyword. */
  int max(String keyword) {
    return count(keyword)
        .filter(value -> value.compareTo(BigDecimal.valueOf(MAX_COUNT)) <= 0)
        .map(BigDecimal::intValueExact)
        .orElse(Expr.UNLIMITED);
  }

  private Optional<BigDecimal> count(String keyword) {
    Optional<BigDecimal> value = number(keyword);
    if (value.isPresent()
        && (value.get().signum() < 0 || value.get().stripTrailingZeros().scale() > 0)) {
      throw error(keyword, "expected a whole number, 0 or more, found " + value.get());
    }
    return value;
  }

  SchemaException error(String keyword, String problem) {
    return new SchemaException(pointer + "/" + SchemaDocument.escape(keyword), problem);
  }

  static String found(Json value) {
    String text = JsonText.write(value);
    return text.length() > 60 ? text.substring(0, 60) + "..." : text;
  }

  @Override
  public String toString() {
    return "#" + key;
  }
}
