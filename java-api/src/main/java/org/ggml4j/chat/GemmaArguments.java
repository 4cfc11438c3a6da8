package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code {key:<|"|>text<|"|>,other:3}}, Gemma 4's form of arguments. */
final class GemmaArguments {
  private static final String QUOTE = "<|\"|>";
  private static final int MAX_DEPTH = 100;

  private final Cursor cursor;
  private int depth;

  GemmaArguments(Cursor cursor) {
    this.cursor = cursor;
  }

  Map<String, @Nullable Object> read() {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    cursor.expect("{");
    while (!isClosed('}')) {
      comma(object.isEmpty());
      String key = cursor.skip(QUOTE) ? cursor.until(QUOTE) : cursor.word(":").strip();
      cursor.space();
      cursor.expect(":");
      object.put(key, value());
    }
    return object;
  }

  private boolean isClosed(char bracket) {
    cursor.space();
    return cursor.peek() == bracket && cursor.skip(String.valueOf(bracket));
  }

  private void comma(boolean first) {
    if (!first) {
      cursor.expect(",");
      cursor.space();
    }
  }

  private @Nullable Object value() {
    if (++depth > MAX_DEPTH) {
      throw new JsonException("values nest too deep");
    }
    cursor.space();
    char first = cursor.peek();
    Object value;
    if (first == '<') {
      cursor.expect(QUOTE);
      value = cursor.until(QUOTE);
    } else if (first == '{') {
      value = read();
    } else if (first == '[') {
      cursor.expect("[");
      List<@Nullable Object> list = new ArrayList<>();
      while (!isClosed(']')) {
        comma(list.isEmpty());
        list.add(value());
      }
      value = list;
    } else {
      value = Json.parse(cursor.word(",}]").strip());
    }
    depth--;
    return value;
  }
}
