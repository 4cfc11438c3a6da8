package org.ggml4j.schema;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A Java type as JSON: its schema, and how its values are read. */
interface Binding {
  /** The schema of its values, or a reference to it. */
  Json schema();

  /**
   * Makes a value.
   *
   * @param pointer where it stands
   * @throws JsonBindingException if it does not fit
   */
  Object read(Json value, String pointer);

  /** A JSON object of names and values, in turns. */
  static Json.Obj object(Object... namesAndValues) {
    Map<String, Json> members = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      members.put((String) namesAndValues[i], json(namesAndValues[i + 1]));
    }
    return new Json.Obj(members);
  }

  private static Json json(Object value) {
    return value instanceof Json j
        ? j
        : value instanceof Boolean b ? new Json.Bool(b) : new Json.Str((String) value);
  }

  static Json strings(List<String> texts) {
    return new Json.Arr(texts.stream().<Json>map(Json.Str::new).toList());
  }

  static JsonBindingException expected(String what, Json found, String pointer) {
    return new JsonBindingException(
        pointer, "expected " + what + ", found " + SchemaNode.found(found));
  }
}
