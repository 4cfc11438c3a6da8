package org.ggml4j.chat;

import java.util.Map;
import org.ggml4j.schema.JsonFormatException;
import org.ggml4j.schema.JsonValues;
import org.jspecify.annotations.Nullable;

/**
 * JSON from and to the types that templates are rendered with: Map in the order of the text, List,
 * String, Long, BigInteger, Double, Boolean and null.
 */
public final class Json {
  private Json() {}

  /**
   * Reads one value, which must be the whole text.
   *
   * @throws JsonException with line and column, if it is no JSON, nests deeper than 200 levels, or
   *     has a number of more than 1000 digits
   */
  public static @Nullable Object parse(String text) {
    try {
      return JsonValues.read(text);
    } catch (JsonFormatException e) {
      throw new JsonException(e);
    }
  }

  /**
   * Reads an object.
   *
   * @throws JsonException if the text is something else
   */
  @SuppressWarnings("unchecked") // JsonValues makes maps of this type only
  public static Map<String, @Nullable Object> parseObject(String text) {
    Object value = parse(text);
    if (!(value instanceof Map)) {
      throw new JsonException("a JSON object was expected, not " + shown(text));
    }
    return (Map<String, @Nullable Object>) value;
  }

  private static String shown(String text) {
    return text.length() > 60 ? text.substring(0, 60) + "..." : text;
  }

  /**
   * The text of a value, on one line with a blank after commas and colons, as Python writes it.
   *
   * @throws JsonException if a value is of no type that {@link #parse} gives, or nests too deep
   */
  public static String write(@Nullable Object value) {
    try {
      return JsonValues.write(value);
    } catch (JsonFormatException e) {
      throw new JsonException(e);
    }
  }
}
