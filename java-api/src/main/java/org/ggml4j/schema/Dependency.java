package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What must hold of an object that has a property: dependentRequired, dependentSchemas, and
 * dependencies, which was both up to draft 7.
 *
 * @param without valid are values that are no objects, and objects without the property
 * @param then the schema that otherwise holds
 */
record Dependency(String name, SchemaNode without, SchemaNode with, SchemaNode then) {

  static List<Dependency> of(SchemaNode node) {
    List<Dependency> all = new ArrayList<>();
    for (String keyword : List.of("dependentRequired", "dependentSchemas", "dependencies")) {
      node.members(keyword)
          .forEach(
              (name, value) -> {
                SchemaNode then =
                    value instanceof Json.Arr a
                        ? required(node, keyword, name, node.texts(keyword, a.items()))
                        : node.namedChild(keyword, name, value);
                SchemaNode with = required(node, keyword + "!with", name, List.of(name));
                all.add(new Dependency(name, without(node, keyword, name), with, then));
              });
    }
    return all;
  }

  private static SchemaNode required(
      SchemaNode node, String keyword, String name, List<String> names) {
    List<Json> texts = names.stream().<Json>map(Json.Str::new).toList();
    Json schema = new Json.Obj(Map.of("required", new Json.Arr(texts)));
    return node.document().synthetic(node, keyword + "/" + name, schema);
  }

  private static SchemaNode without(SchemaNode node, String keyword, String name) {
    Map<String, Json> object = new LinkedHashMap<>();
    object.put("type", new Json.Str("object"));
    object.put(Keywords.ABSENT, new Json.Str(name));
    Json notObject =
        new Json.Obj(Map.of(Keywords.NOT_TYPE, new Json.Arr(List.of(new Json.Str("object")))));
    Json either =
        new Json.Obj(Map.of("anyOf", new Json.Arr(List.of(new Json.Obj(object), notObject))));
    return node.document().synthetic(node, keyword + "!without/" + name, either);
  }
}
