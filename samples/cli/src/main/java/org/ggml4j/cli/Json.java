package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON on an output: an object per line, each written out as soon as it is complete. */
final class Json implements AutoCloseable {
  /** Writes the fields of an object. */
  @FunctionalInterface
  interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private final JsonGenerator generator;

  Json(OutputStream out) throws IOException {
    generator =
        new JsonFactory()
            .setRootValueSeparator(null)
            .createGenerator(out, JsonEncoding.UTF8)
            .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
  }

  void line(Fields fields) throws IOException {
    generator.writeStartObject();
    fields.write(generator);
    generator.writeEndObject();
    generator.writeRaw('\n');
    generator.flush();
  }

  /** An object in one line. */
  static String text(Map<String, ?> fields) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      value(fields, json);
    }
    return text.toString();
  }

  /** Writes fields whose values are as {@link #value} takes them. */
  static void fields(Map<String, ?> fields, JsonGenerator json) throws IOException {
    for (Map.Entry<String, ?> field : fields.entrySet()) {
      json.writeFieldName(field.getKey());
      value(field.getValue(), json);
    }
  }

  /** Writes a map, a list, a truth, a number, or the text of anything else. */
  static void value(Object value, JsonGenerator json) throws IOException {
    if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> field : map.entrySet()) {
        json.writeFieldName(field.getKey().toString());
        value(field.getValue(), json);
      }
      json.writeEndObject();
    } else if (value instanceof List<?> list) {
      json.writeStartArray();
      for (Object element : list) {
        value(element, json);
      }
      json.writeEndArray();
    } else if (value instanceof Boolean b) {
      json.writeBoolean(b);
    } else if (value instanceof Double d) {
      json.writeNumber(d);
    } else if (value instanceof Number n) {
      json.writeNumber(n.longValue());
    } else {
      json.writeString(value.toString());
    }
  }

  /**
   * Reads an object whose values are texts, numbers and truths; inner lists and objects are left
   * out.
   *
   * @throws IOException if it is none, or not whole
   */
  static Map<String, Object> parse(String line) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    try (JsonParser json = new JsonFactory().createParser(line)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("expected an object, found " + line);
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        JsonToken token = json.nextToken();
        if (token == null) {
          throw new IOException("the object is not whole: " + line);
        } else if (token.isNumeric()) {
          fields.put(name, json.getNumberValue());
        } else if (token.isBoolean()) {
          fields.put(name, json.getBooleanValue());
        } else if (token == JsonToken.VALUE_STRING) {
          fields.put(name, json.getText());
        } else {
          json.skipChildren();
        }
      }
    }
    return fields;
  }

  @Override
  public void close() throws IOException {
    generator.close();
  }
}
