package org.ggml4j.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON (RFC 8259) from and to Java's own types: Map in the order of the text, List, String, Long,
 * BigInteger, Double, Boolean and null. At most 200 levels, and numbers of 1000 digits.
 */
public final class JsonValues {
  private JsonValues() {}

  /**
   * Reads one value, which must be the whole text. Of several members of one name the last counts.
   *
   * @throws JsonFormatException with line and column, if it is no JSON or over a limit
   */
  public static @Nullable Object read(String text) {
    try {
      return plain(JsonText.read(text, JsonText.Mode.DATA));
    } catch (JsonProcessingException e) {
      throw new JsonFormatException("no JSON: " + JsonText.describe(e));
    }
  }

  private static @Nullable Object plain(Json value) {
    if (value instanceof Json.Obj object) {
      Map<String, @Nullable Object> members = new LinkedHashMap<>();
      object.members().forEach((name, member) -> members.put(name, plain(member)));
      return members;
    }
    if (value instanceof Json.Arr array) {
      List<@Nullable Object> items = new ArrayList<>();
      array.items().forEach(item -> items.add(plain(item)));
      return items;
    }
    if (value instanceof Json.Str string) {
      return string.value();
    }
    if (value instanceof Json.Num number) {
      return number(number);
    }
    return value instanceof Json.Bool truth ? truth.value() : null;
  }

  /** A whole number only if it is written as one. */
  private static Object number(Json.Num number) {
    boolean whole = number.text().chars().allMatch(c -> c == '-' || Character.isDigit(c));
    if (whole) {
      BigInteger value = number.value().toBigIntegerExact();
      return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }
    double value = number.value().doubleValue();
    if (Double.isInfinite(value)) {
      throw new JsonFormatException("a number that is too large: " + number.text());
    }
    return value;
  }

  /**
   * The text of a value, on one line with a blank after commas and colons, as Python writes it.
   *
   * @throws JsonFormatException if a value is of no type that {@link #read} gives, or nests deeper
   *     than it takes
   */
  public static String write(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out, 0);
    return out.toString();
  }

  private static void write(@Nullable Object value, StringBuilder out, int depth) {
    if (depth > JsonText.MAX_DEPTH) {
      throw new JsonFormatException(
          "JSON that nests deeper than " + JsonText.MAX_DEPTH + " levels");
    }
    if (value instanceof CharSequence text) {
      out.append(JsonText.quote(text.toString()));
    } else if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> e : map.entrySet()) {
        out.append(separator).append(JsonText.quote(String.valueOf(e.getKey()))).append(": ");
        write(e.getValue(), out, depth + 1);
        separator = ", ";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof Iterable<?> list) {
      String separator = "[";
      for (Object item : list) {
        out.append(separator);
        write(item, out, depth + 1);
        separator = ", ";
      }
      out.append(separator.equals("[") ? "[]" : "]");
    } else if (value == null || value instanceof Boolean || isNumber(value)) {
      out.append(value);
    } else {
      throw new JsonFormatException("JSON has no form for a value of " + value.getClass());
    }
  }

  private static boolean isNumber(Object value) {
    return value instanceof Number n && Double.isFinite(n.doubleValue())
        || value instanceof BigInteger;
  }
}
