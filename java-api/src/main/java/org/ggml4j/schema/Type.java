package org.ggml4j.schema;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The types of JSON Schema; NUMBER is a number that is not whole. */
enum Type {
  NULL,
  BOOLEAN,
  INTEGER,
  NUMBER,
  STRING,
  ARRAY,
  OBJECT;

  /** The types that a name means: "number" includes whole numbers. */
  static Set<Type> named(SchemaNode node, String keyword, String name) {
    for (Type type : values()) {
      if (type.name().toLowerCase(Locale.ROOT).equals(name)) {
        return type == NUMBER ? EnumSet.of(INTEGER, NUMBER) : EnumSet.of(type);
      }
    }
    throw node.error(
        keyword,
        "expected null, boolean, integer, number, string, array or object, found '" + name + "'");
  }

  /** The types that a node allows, as far as it says it directly. */
  static Set<Type> of(SchemaNode node) {
    Set<Type> types = EnumSet.allOf(Type.class);
    if (node.has("type")) {
      types.clear();
      List<String> names =
          node.isList("type") ? node.texts("type") : List.of(node.text("type").orElseThrow());
      names.forEach(name -> types.addAll(named(node, "type", name)));
    }
    if (node.has(Keywords.NOT_TYPE)) {
      node.texts(Keywords.NOT_TYPE).forEach(name -> types.removeAll(named(node, "not", name)));
    }
    return types;
  }

  static Type of(Json value) {
    return valueOf(value.typeName().toUpperCase(Locale.ROOT));
  }
}
