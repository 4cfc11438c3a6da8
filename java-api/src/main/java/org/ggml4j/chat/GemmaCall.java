package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code call:name{key:<|"|>text<|"|>,other:3}}, Gemma 4's form of a call. */
final class GemmaCall {
  private static final String QUOTE = "<|\"|>";
  private static final int MAX_DEPTH = 100;

  private final String text;
  private int pos;
  private int depth;

  GemmaCall(String text) {
    this.text = text;
  }

  ToolCall read(CallReader reader) {
    int brace = text.indexOf('{');
    if (!text.startsWith("call:") || brace < 0) {
      throw new JsonException("'call:name{' was expected");
    }
    pos = brace;
    return reader.call("", text.substring("call:".length(), brace).strip(), Json.write(object()));
  }

  private boolean skip(String mark) {
    if (!text.startsWith(mark, pos)) {
      return false;
    }
    pos += mark.length();
    return true;
  }

  private void expect(String mark) {
    if (!skip(mark)) {
      throw new JsonException("'" + mark + "' was expected at " + pos);
    }
  }

  private Map<String, @Nullable Object> object() {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    expect("{");
    while (!skip("}")) {
      if (!object.isEmpty()) {
        expect(",");
      }
      String key = text.startsWith(QUOTE, pos) ? quoted() : word(":");
      expect(":");
      object.put(key, value());
    }
    return object;
  }

  private String quoted() {
    pos += QUOTE.length();
    int end = text.indexOf(QUOTE, pos);
    if (end < 0) {
      throw new JsonException("a text has no end");
    }
    String quoted = text.substring(pos, end);
    pos = end + QUOTE.length();
    return quoted;
  }

  private String word(String ends) {
    int from = pos;
    while (pos < text.length() && ends.indexOf(text.charAt(pos)) < 0) {
      pos++;
    }
    return text.substring(from, pos).strip();
  }

  private @Nullable Object value() {
    if (++depth > MAX_DEPTH) {
      throw new JsonException("values nest too deep");
    }
    Object value;
    if (text.startsWith(QUOTE, pos)) {
      value = quoted();
    } else if (text.startsWith("{", pos)) {
      value = object();
    } else if (skip("[")) {
      List<@Nullable Object> list = new ArrayList<>();
      while (!skip("]")) {
        if (!list.isEmpty()) {
          expect(",");
        }
        list.add(value());
      }
      value = list;
    } else {
      value = Json.parse(word(",}]"));
    }
    depth--;
    return value;
  }
}
