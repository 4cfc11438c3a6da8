package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** JSON Schemas over the vocabulary that is supported, as trees of maps, lists and scalars. */
final class RandomSchemas {
  private static final List<String> NAMES =
      List.of("a", "b", "ab", "abc", "x-y", "number", "root", "é", "q\"t", "back\\slash", "🙂", "");
  private static final List<String> PATTERNS =
      List.of(
          "^[a-z]+$",
          "^[a-z]{2,5}$",
          "[0-9]",
          "^a|b$",
          "^(ab|c[de])*$",
          "\\d-?\\w",
          "^[^a-c\\n]*$",
          "^\\S+ ?\\S*$",
          "^.{3,8}$",
          "^(?:é|ö|ß|\\u00e4){1,3}$",
          "^\"?\\\\{0,2}$",
          "x+y*z?");
  private static final List<String> FORMATS =
      List.of(
          "date",
          "time",
          "date-time",
          "duration",
          "email",
          "hostname",
          "ipv4",
          "ipv6",
          "uri",
          "uri-reference",
          "uuid",
          "json-pointer",
          "relative-json-pointer",
          "regex");
  private static final List<Object> VALUES =
      List.of(
          1,
          -2.5,
          0,
          "red",
          "a\nb\"",
          "",
          true,
          false,
          "dark blue",
          List.of(1, "x"),
          Map.of("k", 1));

  private RandomSchemas() {}

  /** A schema with definitions, which it may refer to. */
  static Arbitrary<String> documents() {
    Arbitrary<Map<String, Object>> definition = objects(2);
    return Combinators.combine(schemas(3), definition, definition)
        .as(
            (root, node, other) -> {
              Map<String, Object> all = new LinkedHashMap<>(root);
              all.put("$schema", "https://json-schema.org/draft/2020-12/schema");
              all.put("$defs", orderedMap("node", node, "other", other));
              return write(all);
            });
  }

  private static Map<String, Object> orderedMap(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }

  private static Arbitrary<Map<String, Object>> schemas(int depth) {
    List<Tuple.Tuple2<Integer, Arbitrary<Map<String, Object>>>> kinds = new ArrayList<>();
    kinds.add(Tuple.of(4, strings()));
    kinds.add(Tuple.of(3, integers()));
    kinds.add(Tuple.of(3, numbers()));
    kinds.add(Tuple.of(2, listed()));
    kinds.add(Tuple.of(1, simple()));
    if (depth > 0) {
      kinds.add(Tuple.of(8, Arbitraries.lazy(() -> objects(depth - 1))));
      kinds.add(Tuple.of(5, Arbitraries.lazy(() -> arrays(depth - 1))));
      kinds.add(Tuple.of(4, Arbitraries.lazy(() -> combined(depth - 1))));
      kinds.add(
          Tuple.of(
              1,
              Arbitraries.of("node", "other").map(name -> orderedMap("$ref", "#/$defs/" + name))));
    }
    return Arbitraries.frequencyOf(kinds);
  }

  private static Arbitrary<Map<String, Object>> simple() {
    return Arbitraries.of(
        orderedMap("type", "boolean"),
        orderedMap("type", "null"),
        orderedMap("type", List.of("string", "integer", "null")),
        orderedMap("type", "object"),
        orderedMap("type", "array", "maxItems", 2, "items", orderedMap("type", "boolean")),
        orderedMap("not", orderedMap("type", List.of("object", "array"))),
        orderedMap("title", "anything scalar", "type", List.of("boolean", "number")));
  }

  private static Arbitrary<Map<String, Object>> strings() {
    Arbitrary<Integer> min = Arbitraries.integers().between(0, 4);
    Arbitrary<Integer> width = Arbitraries.integers().between(0, 5);
    Arbitrary<Map<String, Object>> lengths =
        Combinators.combine(min, width)
            .as((a, b) -> orderedMap("type", "string", "minLength", a, "maxLength", a + b));
    Arbitrary<Map<String, Object>> patterns =
        Arbitraries.of(PATTERNS).map(p -> orderedMap("type", "string", "pattern", p));
    Arbitrary<Map<String, Object>> limitedPatterns =
        Arbitraries.of(PATTERNS)
            .map(p -> orderedMap("type", "string", "pattern", p, "minLength", 3, "maxLength", 7));
    Arbitrary<Map<String, Object>> two =
        Arbitraries.of(
            orderedMap(
                "type",
                "string",
                "allOf",
                List.of(orderedMap("pattern", "^[a-f]*$"), orderedMap("pattern", "[d-z]{2}"))),
            orderedMap(
                "type", "string", "not", orderedMap("pattern", "[aeiou\\s]"), "maxLength", 9),
            orderedMap("type", "string", "not", orderedMap("enum", List.of("", "a", "no"))));
    Arbitrary<Map<String, Object>> formats =
        Arbitraries.of(FORMATS).map(f -> orderedMap("type", "string", "format", f));
    return Arbitraries.frequencyOf(
        Tuple.of(1, Arbitraries.just(orderedMap("type", "string", "maxLength", 20))),
        Tuple.of(3, lengths),
        Tuple.of(3, patterns),
        Tuple.of(1, limitedPatterns),
        Tuple.of(1, two),
        Tuple.of(3, formats));
  }

  private static Arbitrary<Map<String, Object>> integers() {
    Arbitrary<Long> low =
        Arbitraries.oneOf(
            Arbitraries.longs().between(-30, 30),
            Arbitraries.longs().between(-1_000_000, 1_000_000),
            Arbitraries.longs());
    Arbitrary<Long> width =
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, 40), Arbitraries.longs().between(0, 99_999));
    Arbitrary<String> limits =
        Arbitraries.of(
            "none", "minimum", "maximum", "both", "exclusiveMinimum", "exclusiveMaximum");
    Arbitrary<Integer> multipleOf =
        Arbitraries.frequencyOf(
            Tuple.of(5, Arbitraries.just(0)),
            Tuple.of(1, Arbitraries.of(2, 3, 5, 7, 10, 12, 25, 100)));
    return Combinators.combine(low, width, limits, multipleOf)
        .as(
            (a, w, limit, m) -> {
              long min = Math.min(a, Long.MAX_VALUE - w - 100);
              Map<String, Object> schema = orderedMap("type", "integer");
              switch (limit) {
                case "none" -> {}
                case "both" -> {
                  schema.put("minimum", decimal(min));
                  // A hundred in a row contain a multiple of each.
                  schema.put("maximum", decimal(min + w + (m > 0 ? 100 : 0)));
                }
                default -> schema.put(limit, decimal(min));
              }
              if (m > 0) {
                schema.put("multipleOf", m);
              }
              return schema;
            });
  }

  /** As 5.0: the validator compares with a whole number as long, which 1e60 is too large for. */
  private static BigDecimal decimal(long value) {
    return BigDecimal.valueOf(value).setScale(1);
  }

  private static Arbitrary<Map<String, Object>> numbers() {
    Arbitrary<BigDecimal> low =
        Arbitraries.oneOf(
            Arbitraries.bigDecimals()
                .between(BigDecimal.valueOf(-20), BigDecimal.valueOf(20))
                .ofScale(2),
            Arbitraries.bigDecimals()
                .between(BigDecimal.valueOf(-1e6), BigDecimal.valueOf(1e6))
                .ofScale(5));
    Arbitrary<BigDecimal> width =
        Arbitraries.bigDecimals()
            .between(BigDecimal.valueOf(1), BigDecimal.valueOf(500))
            .ofScale(3);
    Arbitrary<String> limits =
        Arbitraries.of(
            "none", "minimum", "maximum", "both", "exclusiveMinimum", "exclusiveMaximum", "open");
    Arbitrary<String> multipleOf = Arbitraries.of("", "", "", "0.01", "0.5", "0.25", "1", "2.5");
    return Combinators.combine(low, width, limits, multipleOf)
        .as(
            (min, w, limit, m) -> {
              Map<String, Object> schema = orderedMap("type", "number");
              switch (limit) {
                case "none" -> {}
                case "both" -> {
                  schema.put("minimum", min);
                  schema.put("maximum", min.add(w).add(BigDecimal.TEN));
                }
                case "open" -> {
                  schema.put("exclusiveMinimum", min);
                  schema.put("exclusiveMaximum", min.add(w).add(BigDecimal.TEN));
                }
                default -> schema.put(limit, min);
              }
              if (!m.isEmpty()) {
                schema.put("multipleOf", new BigDecimal(m));
              }
              return schema;
            });
  }

  private static Arbitrary<Map<String, Object>> listed() {
    Arbitrary<Map<String, Object>> some =
        Arbitraries.of(VALUES)
            .list()
            .ofMinSize(1)
            .ofMaxSize(4)
            .uniqueElements()
            .map(values -> orderedMap("enum", values));
    return Arbitraries.oneOf(some, Arbitraries.of(VALUES).map(value -> orderedMap("const", value)));
  }

  private static Arbitrary<Map<String, Object>> arrays(int depth) {
    Arbitrary<Integer> min = Arbitraries.integers().between(0, 3);
    Arbitrary<Integer> more = Arbitraries.integers().between(0, 3);
    Arbitrary<Map<String, Object>> item = schemas(depth);
    Arbitrary<Map<String, Object>> lists =
        Combinators.combine(item, min, more, Arbitraries.of(true, false))
            .as(
                (items, a, b, limited) -> {
                  Map<String, Object> schema = orderedMap("type", "array", "items", items);
                  if (limited) {
                    schema.put("minItems", a);
                    schema.put("maxItems", a + b);
                  }
                  return schema;
                });
    Arbitrary<Map<String, Object>> tuples =
        Combinators.combine(
                item.list().ofMinSize(1).ofMaxSize(3), item, Arbitraries.of(0, 1, 2, 3), more)
            .as(
                (items, rest, form, b) -> {
                  Map<String, Object> schema = orderedMap("type", "array", "prefixItems", items);
                  if (form == 1) {
                    schema.put("items", false);
                  } else if (form > 1) {
                    schema.put("items", rest);
                    schema.put("maxItems", items.size() + b);
                  }
                  if (form == 3) {
                    schema.put("minItems", 1);
                  }
                  return schema;
                });
    Arbitrary<Map<String, Object>> sets =
        Combinators.combine(listed(), Arbitraries.of(0, 1))
            .as(
                (items, a) ->
                    orderedMap(
                        "type", "array", "items", items, "uniqueItems", true, "minItems", a));
    return Arbitraries.frequencyOf(Tuple.of(5, lists), Tuple.of(2, tuples), Tuple.of(1, sets));
  }

  private static Arbitrary<Map<String, Object>> objects(int depth) {
    Arbitrary<Map<String, Map<String, Object>>> properties =
        Arbitraries.maps(Arbitraries.of(NAMES), schemas(depth)).ofMinSize(0).ofMaxSize(4);
    Arbitrary<Integer> bits = Arbitraries.integers().between(0, 15);
    Arbitrary<Integer> form = Arbitraries.integers().between(0, 11);
    return Combinators.combine(properties, bits, form, schemas(0)).as(RandomSchemas::object);
  }

  private static Map<String, Object> object(
      Map<String, Map<String, Object>> properties, int bits, int form, Map<String, Object> other) {
    Map<String, Object> schema = orderedMap("type", "object", "properties", properties);
    List<String> names = new ArrayList<>(properties.keySet());
    List<String> required = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      // A property that leads back must be one that may be missing.
      boolean leadsBack = write(properties.get(names.get(i))).contains("$ref");
      if ((bits >> i & 1) == 1 && !leadsBack) {
        required.add(names.get(i));
      }
    }
    if (!required.isEmpty()) {
      schema.put("required", required);
    }
    switch (form) {
      case 0, 1 -> schema.put("additionalProperties", false);
      case 2 -> schema.put("additionalProperties", other);
      case 3 -> schema.put("patternProperties", orderedMap("^x", other));
      case 4 -> {
        schema.put("patternProperties", orderedMap("[0-9]$", other, "^y_", orderedMap()));
        schema.put("additionalProperties", orderedMap("type", "null"));
      }
      case 5 -> schema.put("maxProperties", Math.max(2, required.size()));
      case 6 -> schema.put("minProperties", Math.max(1, required.size()));
      case 7 -> {
        schema.put("propertyNames", orderedMap("maxLength", 9));
        schema.put("additionalProperties", other);
      }
      case 8 -> {
        if (names.size() > 1) {
          schema.put("dependentRequired", orderedMap(names.get(0), List.of(names.get(1))));
        }
      }
      default -> {}
    }
    if (form == 6 && names.isEmpty()) {
      schema.put("additionalProperties", other);
    }
    return schema;
  }

  private static Arbitrary<Map<String, Object>> combined(int depth) {
    Arbitrary<Map<String, Object>> any =
        schemas(depth).list().ofMinSize(1).ofMaxSize(3).map(list -> orderedMap("anyOf", list));
    Arbitrary<Map<String, Object>> one =
        Combinators.combine(strings(), integers(), objects(depth), arrays(depth))
            .as((a, b, c, d) -> orderedMap("oneOf", List.of(a, b, c, d)));
    Arbitrary<Map<String, Object>> tagged =
        Combinators.combine(schemas(depth), schemas(depth))
            .as(
                (a, b) ->
                    orderedMap(
                        "oneOf",
                        List.of(
                            orderedMap(
                                "properties",
                                orderedMap("kind", orderedMap("const", "a"), "value", a),
                                "required",
                                List.of("kind")),
                            orderedMap(
                                "properties",
                                orderedMap("kind", orderedMap("const", "b"), "value", b),
                                "required",
                                List.of("kind", "value"))),
                        "type",
                        "object"));
    Arbitrary<Map<String, Object>> overlapping =
        Combinators.combine(
                Arbitraries.integers().between(-9, 9), Arbitraries.integers().between(-9, 9))
            .as(
                (a, b) ->
                    orderedMap(
                        "oneOf",
                        List.of(
                            orderedMap("type", "integer", "minimum", decimal(a)),
                            orderedMap("type", "number", "maximum", decimal(b)))));
    Arbitrary<Map<String, Object>> excluding =
        Combinators.combine(
                Arbitraries.of("oneOf", "not", "both"),
                strings(),
                integers(),
                Arbitraries.integers().between(-9, 9),
                schemas(depth))
            .as(
                (form, text, number, value, other) -> {
                  List<Object> some = List.of(value, 7, "red", "", true, List.of(1, "x"));
                  return switch (form) {
                    case "oneOf" ->
                        orderedMap(
                            "type",
                            List.of("integer", "string", "boolean"),
                            "oneOf",
                            List.of(orderedMap("maxLength", 4), orderedMap("enum", some)));
                    case "not" ->
                        orderedMap(
                            "anyOf",
                            List.of(text, number, orderedMap("type", "boolean")),
                            "not",
                            orderedMap("enum", some));
                    default ->
                        orderedMap(
                            "allOf",
                            List.of(
                                orderedMap("anyOf", List.of(other, text, number)),
                                orderedMap("anyOf", List.of(number, orderedMap("enum", some)))));
                  };
                });
    Arbitrary<Map<String, Object>> all =
        Combinators.combine(objects(depth), objects(depth))
            .as((a, b) -> orderedMap("allOf", List.of(a, b)));
    Arbitrary<Map<String, Object>> conditional =
        Combinators.combine(schemas(depth), Arbitraries.of("then", "else"))
            .as(
                (value, branch) ->
                    orderedMap(
                        "type",
                        "object",
                        "properties",
                        orderedMap(
                            "size",
                            orderedMap(
                                "type", "integer", "minimum", decimal(0), "maximum", decimal(99)),
                            "value",
                            value),
                        "if",
                        orderedMap(
                            "properties",
                            orderedMap("size", orderedMap("minimum", decimal(50))),
                            "required",
                            List.of("size")),
                        branch,
                        orderedMap("required", List.of("value"))));
    return Arbitraries.frequencyOf(
        Tuple.of(3, any),
        Tuple.of(2, one),
        Tuple.of(2, tagged),
        Tuple.of(1, overlapping),
        Tuple.of(2, all),
        Tuple.of(2, excluding),
        Tuple.of(1, conditional));
  }

  /** A tree as JSON text. */
  static String write(Object value) {
    if (value instanceof Map<?, ?> map) {
      List<String> members = new ArrayList<>();
      map.forEach((k, v) -> members.add(JsonText.quote((String) k) + ":" + write(v)));
      return "{" + String.join(",", members) + "}";
    }
    if (value instanceof List<?> list) {
      return "[" + String.join(",", list.stream().map(RandomSchemas::write).toList()) + "]";
    }
    return value instanceof String s ? JsonText.quote(s) : String.valueOf(value);
  }
}
