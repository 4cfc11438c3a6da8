package org.ggml4j.schema;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A record, read from an object. */
final class RecordBinding implements Binding {

  /**
   * A component of the record.
   *
   * @param absent what it is if the property is missing; empty if it must be there
   * @param present what is made of a value that is there
   */
  record Part(
      String name,
      Binding binding,
      Optional<Object> absent,
      java.util.function.UnaryOperator<Object> present) {}

  private final Constructor<?> constructor;
  private final Optional<String> tag;
  private final String definition;
  private List<Part> parts = List.of();

  /**
   * A record whose parts are set afterwards, since one of them may be the record again.
   *
   * @param tag value of the property {@link RecordTypes#TAG}, if it needs one
   * @param definition its place in the schema's document
   */
  RecordBinding(Constructor<?> constructor, Optional<String> tag, String definition) {
    this.constructor = constructor;
    this.tag = tag;
    this.definition = definition;
  }

  void setParts(List<Part> all) {
    parts = List.copyOf(all);
  }

  Optional<String> tag() {
    return tag;
  }

  @Override
  public Json schema() {
    return Binding.object("$ref", definition);
  }

  /** The schema itself. */
  Json.Obj definition() {
    Map<String, Json> properties = new LinkedHashMap<>();
    tag.ifPresent(t -> properties.put(RecordTypes.TAG, Binding.object("const", t)));
    parts.forEach(part -> properties.put(part.name, part.binding.schema()));
    List<String> required =
        properties.keySet().stream()
            .filter(
                name -> parts.stream().noneMatch(p -> p.name.equals(name) && p.absent.isPresent()))
            .toList();
    return Binding.object(
        "type",
        "object",
        "properties",
        new Json.Obj(properties),
        "required",
        Binding.strings(required),
        "additionalProperties",
        false);
  }

  @Override
  public Object read(Json value, String pointer) {
    if (!(value instanceof Json.Obj object)) {
      throw Binding.expected("an object", value, pointer);
    }
    Object[] arguments = new Object[parts.size()];
    int known = tag.isPresent() ? 1 : 0;
    for (int i = 0; i < arguments.length; i++) {
      Part part = parts.get(i);
      Optional<Json> json = object.get(part.name);
      known += json.isPresent() ? 1 : 0;
      boolean missing =
          json.isEmpty() || (part.absent.isPresent() && json.get() instanceof Json.Null);
      if (missing && part.absent.isEmpty()) {
        throw new JsonBindingException(pointer, "the property '" + part.name + "' is missing");
      }
      arguments[i] =
          missing
              ? part.absent.orElseThrow()
              : part.present.apply(
                  part.binding.read(
                      json.orElseThrow(), pointer + "/" + SchemaDocument.escape(part.name)));
    }
    if (known < object.members().size()) {
      throw new JsonBindingException(pointer, "unknown property '" + unknown(object) + "'");
    }
    try {
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new JsonBindingException(
          pointer,
          constructor.getDeclaringClass().getSimpleName() + " refuses it: " + cause,
          cause);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make " + constructor.getDeclaringClass(), e);
    }
  }

  private String unknown(Json.Obj object) {
    return object.members().keySet().stream()
        .filter(name -> parts.stream().noneMatch(part -> part.name.equals(name)))
        .filter(name -> tag.isEmpty() || !name.equals(RecordTypes.TAG))
        .findFirst()
        .orElse("");
  }

  /** One of several records, told apart by their tags. */
  record OneOf(Map<String, RecordBinding> byTag) implements Binding {
    @Override
    public Json schema() {
      return Binding.object(
          "anyOf", new Json.Arr(byTag.values().stream().map(RecordBinding::schema).toList()));
    }

    @Override
    public Object read(Json value, String pointer) {
      if (!(value instanceof Json.Obj object)) {
        throw Binding.expected("an object", value, pointer);
      }
      Json tag = object.get(RecordTypes.TAG).orElse(new Json.Null());
      RecordBinding binding = tag instanceof Json.Str s ? byTag.get(s.value()) : null;
      if (binding == null) {
        throw Binding.expected("one of " + byTag.keySet(), tag, pointer + "/" + RecordTypes.TAG);
      }
      return binding.read(value, pointer);
    }
  }
}
