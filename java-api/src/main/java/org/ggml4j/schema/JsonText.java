package org.ggml4j.schema;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads and writes {@link Json}. What is read is held by limits, since it may be hostile. */
final class JsonText {
  static final int MAX_DEPTH = 200;
  static final int MAX_NUMBER_LENGTH = 1000;
  static final int MAX_EXPONENT = 1000;

  /** What a document is, which says how long it may be. */
  enum Mode {
    /** May not name a member twice. */
    SCHEMA,
    /** The last of several members of one name counts. */
    DATA
  }

  private static final JsonFactory SCHEMAS = factory(1_000_000, true);
  private static final JsonFactory DATA = factory(100_000_000, false);

  private static JsonFactory factory(int maxLength, boolean uniqueNames) {
    StreamReadConstraints limits =
        StreamReadConstraints.builder()
            .maxDocumentLength(maxLength)
            .maxNestingDepth(MAX_DEPTH)
            .maxNumberLength(MAX_NUMBER_LENGTH)
            .maxNameLength(maxLength)
            .maxStringLength(maxLength)
            .build();
    return JsonFactory.builder()
        .streamReadConstraints(limits)
        .configure(StreamReadFeature.STRICT_DUPLICATE_DETECTION, uniqueNames)
        .build();
  }

  private final JsonParser parser;

  private JsonText(JsonParser parser) {
    this.parser = parser;
  }

  /**
   * Reads one value, which must be the whole text.
   *
   * @throws JsonProcessingException with line and column, if it is no JSON or over a limit
   */
  static Json read(String text, Mode mode) throws JsonProcessingException {
    try (JsonParser parser = (mode == Mode.SCHEMA ? SCHEMAS : DATA).createParser(text)) {
      JsonText reader = new JsonText(parser);
      reader.advance();
      Json value = reader.value();
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "expected one JSON value, found more behind it");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw e;
    } catch (IOException e) { // a text in memory has no other errors
      throw new UncheckedIOException(e);
    }
  }

  /** What is wrong and where, in one line. */
  static String describe(JsonProcessingException e) {
    String message = e.getOriginalMessage();
    var at = e.getLocation();
    return at == null
        ? message
        : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": " + message;
  }

  private JsonToken advance() throws IOException {
    JsonToken token = parser.nextToken();
    if (token == null) {
      throw new JsonParseException(parser, "expected a JSON value, found the end of the text");
    }
    return token;
  }

  private Json value() throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      Map<String, Json> members = new LinkedHashMap<>();
      while (advance() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        advance();
        members.put(name, value());
      }
      return new Json.Obj(Collections.unmodifiableMap(members));
    }
    if (token == JsonToken.START_ARRAY) {
      List<Json> items = new ArrayList<>();
      while (advance() != JsonToken.END_ARRAY) {
        items.add(value());
      }
      return new Json.Arr(List.copyOf(items));
    }
    if (token == JsonToken.VALUE_STRING) {
      return new Json.Str(parser.getText());
    }
    if (token.isNumeric()) {
      return number();
    }
    return token == JsonToken.VALUE_NULL
        ? new Json.Null()
        : new Json.Bool(token == JsonToken.VALUE_TRUE);
  }

  private Json number() throws IOException {
    String text = parser.getText();
    BigDecimal value = parser.getDecimalValue();
    if (Math.abs((long) value.scale()) > MAX_EXPONENT + MAX_NUMBER_LENGTH) {
      throw new JsonParseException(parser, "a number with an exponent over " + MAX_EXPONENT);
    }
    return new Json.Num(value, text);
  }

  /** The value in one line without spaces. */
  static String write(Json value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(Json value, StringBuilder out) {
    if (value instanceof Json.Obj o) {
      String separator = "{";
      for (var member : o.members().entrySet()) {
        out.append(separator).append(quote(member.getKey())).append(':');
        write(member.getValue(), out);
        separator = ",";
      }
      out.append(o.members().isEmpty() ? "{}" : "}");
    } else if (value instanceof Json.Arr a) {
      String separator = "[";
      for (Json item : a.items()) {
        out.append(separator);
        write(item, out);
        separator = ",";
      }
      out.append(a.items().isEmpty() ? "[]" : "]");
    } else if (value instanceof Json.Str s) {
      out.append(quote(s.value()));
    } else if (value instanceof Json.Num n) {
      out.append(n.text());
    } else if (value instanceof Json.Bool b) {
      out.append(b.value());
    } else {
      out.append("null");
    }
  }

  /** A string as JSON writes it; half a surrogate pair is written as an escape. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    text.codePoints().forEach(c -> out.append(escape(c)));
    return out.append('"').toString();
  }

  /** A code point as it is written within a JSON string: the shortest way. */
  static String escape(int c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> {
        boolean halfPair = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        yield c < ' ' || halfPair ? String.format("\\u%04x", c) : new String(Character.toChars(c));
      }
    };
  }
}
