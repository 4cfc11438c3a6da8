package org.ggml4j.schema;

import java.util.Map;
import java.util.Set;

/** What is known of each keyword of JSON Schema, drafts 4 to 2020-12. */
final class Keywords {
  /** Keywords that only follow from others; no schema can contain them. */
  static final String NOT_TYPE = "!type";

  static final String NOT_ENUM = "!enum";
  static final String NOT_PATTERN = "!pattern";
  static final String ABSENT = "!absent";

  private static final Set<String> SYNTHETIC = Set.of(NOT_TYPE, NOT_ENUM, NOT_PATTERN, ABSENT);

  /** Keywords that say nothing about which values are valid. */
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "title",
          "description",
          "default",
          "example",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "discriminator",
          "externalDocs",
          "xml",
          "contentEncoding",
          "contentMediaType",
          "contentSchema",
          "definitions",
          "id",
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "$anchor",
          "$dynamicAnchor",
          "$vocabulary");

  /** Keywords by the type that they say something about. */
  static final Map<String, Type> TYPES =
      Map.ofEntries(
          Map.entry("properties", Type.OBJECT),
          Map.entry("required", Type.OBJECT),
          Map.entry("additionalProperties", Type.OBJECT),
          Map.entry("patternProperties", Type.OBJECT),
          Map.entry("propertyNames", Type.OBJECT),
          Map.entry("minProperties", Type.OBJECT),
          Map.entry("maxProperties", Type.OBJECT),
          Map.entry("items", Type.ARRAY),
          Map.entry("prefixItems", Type.ARRAY),
          Map.entry("additionalItems", Type.ARRAY),
          Map.entry("minItems", Type.ARRAY),
          Map.entry("maxItems", Type.ARRAY),
          Map.entry("uniqueItems", Type.ARRAY),
          Map.entry("minLength", Type.STRING),
          Map.entry("maxLength", Type.STRING),
          Map.entry("pattern", Type.STRING),
          Map.entry("format", Type.STRING),
          Map.entry("minimum", Type.NUMBER),
          Map.entry("maximum", Type.NUMBER),
          Map.entry("exclusiveMinimum", Type.NUMBER),
          Map.entry("exclusiveMaximum", Type.NUMBER),
          Map.entry("multipleOf", Type.NUMBER));

  /** Keywords that are about any value, or put schemas together. */
  private static final Set<String> GENERAL =
      Set.of(
          "type",
          "enum",
          "const",
          "allOf",
          "anyOf",
          "oneOf",
          "not",
          "if",
          "then",
          "else",
          "$ref",
          "dependentRequired",
          "dependentSchemas",
          "dependencies");

  private static final Map<String, String> ADVICE =
      Map.of(
          "nullable", "write the type as a list with \"null\" in it",
          "unevaluatedProperties", "use additionalProperties",
          "unevaluatedItems", "use items behind prefixItems",
          "$dynamicRef", "use $ref",
          "$recursiveRef", "use $ref");

  private Keywords() {}

  static boolean isAnnotation(String keyword) {
    return ANNOTATIONS.contains(keyword) || keyword.startsWith("x-");
  }

  /** Whether a keyword makes its node more than a bundle of other nodes. */
  static boolean isPlain(String keyword) {
    return TYPES.containsKey(keyword)
        || keyword.equals("type")
        || keyword.equals("enum")
        || keyword.equals("const")
        || SYNTHETIC.contains(keyword);
  }

  static void check(SchemaNode node, Json.Obj schema) {
    for (String keyword : schema.members().keySet()) {
      boolean known =
          TYPES.containsKey(keyword)
              || GENERAL.contains(keyword)
              || isAnnotation(keyword)
              || (node.isSynthetic() && SYNTHETIC.contains(keyword));
      if (!known) {
        String advice = ADVICE.get(keyword);
        throw new UnsupportedSchemaException(
            node.pointer(),
            keyword,
            "the keyword '"
                + keyword
                + "' is not supported"
                + (advice == null ? "" : "; " + advice));
      }
    }
    boolean inner = !node.pointer().isEmpty();
    for (String keyword : new String[] {"$id", "id"}) {
      if (inner && schema.get(keyword).filter(v -> !isAnchor(v)).isPresent()) {
        throw new UnsupportedSchemaException(
            node.pointer(), keyword, "a schema within a schema can't have an address of its own");
      }
    }
  }

  private static boolean isAnchor(Json id) {
    return !(id instanceof Json.Str s) || s.value().startsWith("#");
  }
}
