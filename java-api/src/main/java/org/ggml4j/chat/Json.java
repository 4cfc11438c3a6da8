package org.ggml4j.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON (RFC 8259) from and to Java's own types: Map in the order of the text, List, String, Long,
 * BigInteger, Double, Boolean and null. These are also what templates are rendered with.
 */
public final class Json {
  private static final int MAX_DEPTH = 200;
  private static final int MAX_DIGITS = 1000;

  private final String text;
  private int pos;
  private int depth;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Reads one value, which must be the whole text.
   *
   * @throws JsonException if it is no JSON, or nests deeper than 200 levels
   */
  public static @Nullable Object parse(String text) {
    Json json = new Json(text);
    json.skipSpace();
    Object value = json.value();
    json.skipSpace();
    if (json.pos < text.length()) {
      throw json.expected("the end");
    }
    return value;
  }

  /**
   * Reads an object.
   *
   * @throws JsonException if the text is something else
   */
  @SuppressWarnings("unchecked") // value() makes maps of this type only
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

  private JsonException expected(String what) {
    String found =
        pos >= text.length()
            ? "the end of the text"
            : "'" + Character.toString(text.codePointAt(pos)) + "'";
    return new JsonException(
        "no JSON: at offset " + pos + ", " + what + " was expected, not " + found);
  }

  private void skipSpace() {
    while (pos < text.length() && " \t\r\n".indexOf(text.charAt(pos)) >= 0) {
      pos++;
    }
  }

  private char peek() {
    return pos < text.length() ? text.charAt(pos) : 0;
  }

  private @Nullable Object value() {
    return switch (peek()) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    if (!text.startsWith(word, pos)) {
      throw expected("'" + word + "'");
    }
    pos += word.length();
    return value;
  }

  private void enter() {
    pos++;
    if (++depth > MAX_DEPTH) {
      throw new JsonException("JSON that nests deeper than " + MAX_DEPTH + " levels");
    }
    skipSpace();
  }

  private boolean skip(char c) {
    if (peek() != c) {
      return false;
    }
    pos++;
    return true;
  }

  private Map<String, @Nullable Object> object() {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    enter();
    while (!skip('}')) {
      if (!object.isEmpty()) {
        if (!skip(',')) {
          throw expected("',' or '}'");
        }
        skipSpace();
      }
      if (peek() != '"') {
        throw expected("a member's name");
      }
      String name = string();
      skipSpace();
      if (!skip(':')) {
        throw expected("':'");
      }
      skipSpace();
      object.put(name, value());
      skipSpace();
    }
    depth--;
    return object;
  }

  private List<@Nullable Object> array() {
    List<@Nullable Object> array = new ArrayList<>();
    enter();
    while (!skip(']')) {
      if (!array.isEmpty()) {
        if (!skip(',')) {
          throw expected("',' or ']'");
        }
        skipSpace();
      }
      array.add(value());
      skipSpace();
    }
    depth--;
    return array;
  }

  private String string() {
    pos++;
    StringBuilder out = new StringBuilder();
    while (true) {
      int from = pos;
      while (peek() != '"' && peek() != '\\' && peek() >= ' ') {
        pos++;
      }
      out.append(text, from, pos);
      char c = peek();
      pos++;
      if (c == '"') {
        return out.toString();
      }
      if (c != '\\') {
        pos--;
        throw expected("the rest of a string");
      }
      escape(out);
    }
  }

  private void escape(StringBuilder out) {
    char c = peek();
    int simple = "\"\\/bfnrt".indexOf(c);
    if (c != 0 && simple >= 0) {
      out.append("\"\\/\b\f\n\r\t".charAt(simple));
      pos++;
      return;
    }
    if (c != 'u') {
      throw expected("an escape");
    }
    pos++;
    int value = 0;
    for (int i = 0; i < 4; i++) {
      int digit = Character.digit(peek(), 16);
      if (digit < 0 || peek() > 127) {
        throw expected("a hexadecimal digit");
      }
      value = value << 4 | digit;
      pos++;
    }
    out.append((char) value);
  }

  private void digits() {
    int from = pos;
    while (peek() >= '0' && peek() <= '9') {
      pos++;
    }
    if (pos == from) {
      throw expected("a value");
    }
  }

  private Object number() {
    int from = pos;
    skip('-');
    int first = pos;
    digits();
    if (text.charAt(first) == '0' && pos > first + 1) {
      pos = first + 1;
      throw expected("no digit after 0");
    }
    boolean whole = true;
    if (skip('.')) {
      whole = false;
      digits();
    }
    if (skip('e') || skip('E')) {
      whole = false;
      if (!skip('+')) {
        skip('-');
      }
      digits();
    }
    if (pos - from > MAX_DIGITS) {
      throw new JsonException("JSON with a number of more than " + MAX_DIGITS + " digits");
    }
    String number = text.substring(from, pos);
    if (!whole) {
      return Double.valueOf(number);
    }
    BigInteger value = new BigInteger(number);
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  /**
   * The text of a value, on one line with a blank after commas and colons, as Python writes it.
   *
   * @throws JsonException if a value is of no type that {@link #parse} gives, or nests too deep
   */
  public static String write(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out, 0);
    return out.toString();
  }

  private static void write(@Nullable Object value, StringBuilder out, int depth) {
    if (depth > MAX_DEPTH) {
      throw new JsonException("JSON that nests deeper than " + MAX_DEPTH + " levels");
    }
    if (value instanceof CharSequence s) {
      write(s, out);
    } else if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> e : map.entrySet()) {
        out.append(separator);
        write(String.valueOf(e.getKey()), out);
        out.append(": ");
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
      throw new JsonException("JSON has no form for a value of " + value.getClass());
    }
  }

  private static boolean isNumber(Object value) {
    return value instanceof Number n
        && !Double.isNaN(n.doubleValue())
        && !(value instanceof Double d && d.isInfinite());
  }

  private static void write(CharSequence s, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      int simple = "\"\\\b\f\n\r\t".indexOf(c);
      if (simple >= 0) {
        out.append('\\').append("\"\\bfnrt".charAt(simple));
      } else if (c < ' ') {
        String hex = Integer.toHexString(c);
        out.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
