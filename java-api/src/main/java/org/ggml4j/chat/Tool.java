package org.ggml4j.chat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.ggml4j.schema.RecordSchema;
import org.jspecify.annotations.Nullable;

/**
 * Something that a model may ask for.
 *
 * <p>{@link #of(String, String, Class, Function)} makes one of a record of its arguments, {@link
 * Tools#of} of an object's annotated methods.
 *
 * @param name by which the model calls it
 * @param description what it does, for the model
 * @param parameters JSON Schema of its arguments, an object
 * @param action gets the arguments as JSON, gives the result as text
 */
public record Tool(
    String name, String description, String parameters, Function<String, String> action) {
  public Tool {
    if (name.isEmpty() || !name.chars().allMatch(Tool::isNamePart)) {
      throw new IllegalArgumentException(
          "tool name: expected letters, digits, '_', '-' and '.', found '" + name + "'");
    }
    Json.parseObject(parameters);
  }

  static boolean isNamePart(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '-'
        || c == '.';
  }

  /**
   * A tool whose arguments are a record's components.
   *
   * {@snippet :
   * record City(String city) {}
   *
   * Tool tool = Tool.of("get_weather", "The weather in a city", City.class, c -> forecast(c.city()));
   * }
   *
   * @param action its result is shown to the model: texts as they are, others by their toString
   * @throws IllegalArgumentException if the record can't be read from JSON
   */
  public static <R extends Record> Tool of(
      String name, String description, Class<R> arguments, Function<R, ?> action) {
    RecordSchema<R> schema = RecordSchema.of(arguments);
    return new Tool(
        name,
        description,
        schema.schema(),
        json -> String.valueOf(action.apply(schema.read(json))));
  }

  /**
   * A tool that somebody else runs, who reads the calls.
   *
   * @param parameters JSON Schema of its arguments, an object
   */
  public static Tool external(String name, String description, String parameters) {
    return new Tool(
        name,
        description,
        parameters,
        json -> {
          throw new IllegalStateException("the tool '" + name + "' is not run here");
        });
  }

  /** As templates and web interfaces have it. */
  public Map<String, @Nullable Object> toJson() {
    Map<String, @Nullable Object> function = new LinkedHashMap<>();
    function.put("name", name);
    function.put("description", description);
    function.put("parameters", Json.parse(parameters));
    Map<String, @Nullable Object> tool = new LinkedHashMap<>();
    tool.put("type", "function");
    tool.put("function", function);
    return tool;
  }
}
