package org.ggml4j.schema;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A Java type of many values of one type, read from an array.
 *
 * @param unique whether no value may be there twice; only for those of a few values
 */
record CollectionBinding(Binding item, boolean unique, Function<List<Object>, Object> collector)
    implements Binding {

  static Binding list(Binding item) {
    return new CollectionBinding(item, false, List::copyOf);
  }

  /** In the order of the text; what is there twice counts once. */
  static Binding set(Binding item, boolean fewValues) {
    return new CollectionBinding(
        item, fewValues, items -> Collections.unmodifiableSet(new LinkedHashSet<>(items)));
  }

  static Binding array(Binding item, Class<?> component) {
    return new CollectionBinding(
        item,
        false,
        items -> {
          Object array = Array.newInstance(component, items.size());
          for (int i = 0; i < items.size(); i++) {
            Array.set(array, i, items.get(i));
          }
          return array;
        });
  }

  @Override
  public Json schema() {
    return unique
        ? Binding.object("type", "array", "items", item.schema(), "uniqueItems", true)
        : Binding.object("type", "array", "items", item.schema());
  }

  @Override
  public Object read(Json value, String pointer) {
    if (!(value instanceof Json.Arr array)) {
      throw Binding.expected("an array", value, pointer);
    }
    List<Object> items = new ArrayList<>();
    for (Json element : array.items()) {
      items.add(item.read(element, pointer + "/" + items.size()));
    }
    return collector.apply(items);
  }

  /** A Java map from strings, read from an object. */
  record OfMap(Binding value) implements Binding {
    @Override
    public Json schema() {
      return Binding.object("type", "object", "additionalProperties", value.schema());
    }

    @Override
    public Object read(Json json, String pointer) {
      if (!(json instanceof Json.Obj object)) {
        throw Binding.expected("an object", json, pointer);
      }
      Map<String, Object> entries = new LinkedHashMap<>();
      object
          .members()
          .forEach(
              (key, element) ->
                  entries.put(
                      key, value.read(element, pointer + "/" + SchemaDocument.escape(key))));
      return Collections.unmodifiableMap(entries);
    }
  }

  /** An enum, by the names of its constants. */
  record OfEnum(Map<String, Object> constants) implements Binding {
    @Override
    public Json schema() {
      return Binding.object("enum", Binding.strings(List.copyOf(constants.keySet())));
    }

    @Override
    public Object read(Json json, String pointer) {
      Object constant = json instanceof Json.Str s ? constants.get(s.value()) : null;
      if (constant == null) {
        throw Binding.expected("one of " + constants.keySet(), json, pointer);
      }
      return constant;
    }
  }
}
