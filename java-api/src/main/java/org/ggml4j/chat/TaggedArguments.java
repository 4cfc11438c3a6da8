package org.ggml4j.chat;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.schema.SchemaException;
import org.ggml4j.schema.TaggedValue;
import org.jspecify.annotations.Nullable;

/**
 * A tool's arguments where each stands between marks of its own.
 *
 * @param values by name, in the order of their declaration; empty ones have no usable schema
 * @param required names of those that must be there
 * @param isAll whether this is all that the schema says
 */
record TaggedArguments(
    Map<String, Optional<TaggedValue>> values, Set<String> required, boolean isAll) {
  static final TaggedArguments NONE = new TaggedArguments(Map.of(), Set.of(), false);

  /** What says nothing about arguments as a whole, or is looked at here. */
  private static final Set<String> HARMLESS =
      Set.of(
          "type",
          "properties",
          "required",
          "additionalProperties",
          "title",
          "description",
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions",
          "examples",
          "default",
          "strict");

  static TaggedArguments of(Tool tool) {
    Map<String, @Nullable Object> schema = Json.parseObject(tool.parameters());
    Map<String, Optional<TaggedValue>> values = new LinkedHashMap<>();
    if (schema.get("properties") instanceof Map<?, ?> properties) {
      properties.forEach((name, property) -> values.put((String) name, value(schema, property)));
    }
    Set<String> required = new LinkedHashSet<>();
    if (schema.get("required") instanceof List<?> names) {
      names.forEach(name -> required.add(String.valueOf(name)));
    }
    boolean isAll =
        HARMLESS.containsAll(schema.keySet())
            && values.keySet().containsAll(required)
            && values.values().stream().allMatch(Optional::isPresent);
    return new TaggedArguments(values, required, isAll);
  }

  /** With what the schema of all arguments defines for it. */
  private static Optional<TaggedValue> value(
      Map<String, @Nullable Object> schema, @Nullable Object property) {
    Map<Object, @Nullable Object> document = new LinkedHashMap<>();
    for (String key : List.of("$defs", "definitions")) {
      if (schema.containsKey(key)) {
        document.put(key, schema.get(key));
      }
    }
    if (property instanceof Map<?, ?> map) {
      document.putAll(map);
    }
    try {
      return property instanceof Map || Boolean.TRUE.equals(property)
          ? Optional.of(TaggedValue.of(Json.write(document)))
          : Optional.empty();
    } catch (SchemaException e) {
      return Optional.empty();
    }
  }

  private Optional<TaggedValue> value(String name) {
    return values.getOrDefault(name, Optional.empty());
  }

  /** Whether an argument is a text, whatever it looks like. */
  boolean isText(String name) {
    return value(name).map(TaggedValue::isText).orElse(false);
  }

  /** The value of a text: a text, or what JSON says where that is meant. */
  @Nullable Object read(String name, String text) {
    if (isText(name)) {
      return text;
    }
    try {
      Object json = Json.parse(text.strip());
      boolean valid = value(name).map(v -> v.isValid(text.strip())).orElse(true);
      return valid || !mayBeText(name) ? json : text;
    } catch (JsonException | SchemaException e) {
      return text;
    }
  }

  private boolean mayBeText(String name) {
    return value(name).map(TaggedValue::mayBeText).orElse(true);
  }
}
