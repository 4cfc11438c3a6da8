package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Reads calls in the form of a family. */
final class CallReader {
  /** 36^8: from here on a number has nine digits to the base 36, as Mistral's templates want. */
  private static final long SMALLEST_ID = 2_821_109_907_456L;

  private final CallForm form;
  private final Map<String, TaggedArguments> tools = new LinkedHashMap<>();
  private String name = "";
  private String id = "";
  private String arguments = "";

  CallReader(CallForm form, List<Tool> tools) {
    this.form = form;
    if (form.call().stream().anyMatch(CallPart.Tagged.class::isInstance)) {
      tools.forEach(tool -> this.tools.put(tool.name(), TaggedArguments.of(tool)));
    }
  }

  /** Takes the name from a header of gpt-oss. */
  void begin(String header) {
    int from = header.indexOf("to=functions.") + "to=functions.".length();
    int to = from;
    while (to < header.length() && Tool.isNamePart(header.charAt(to))) {
      to++;
    }
    name = header.substring(from, to);
  }

  /**
   * Reads what stands before the first call, and that call.
   *
   * @throws JsonException if there is none
   * @throws Cursor.Incomplete if it is not all there
   */
  List<ToolCall> first(Cursor cursor) {
    if (!form.begin().isEmpty() && form.begin().get(0) instanceof CallPart.Mark mark) {
      cursor.skip(mark.text());
      cursor.space();
    }
    return call(cursor);
  }

  /** Reads another call, likewise. */
  List<ToolCall> next(Cursor cursor) {
    cursor.space();
    return call(cursor);
  }

  /** Whether what stands behind the last call is here; it is passed then. */
  boolean ends(Cursor cursor) {
    if (form.end().isEmpty()) {
      return false;
    }
    cursor.space();
    return form.end().stream()
        .filter(CallPart.Mark.class::isInstance)
        .allMatch(part -> cursor.skip(((CallPart.Mark) part).text()));
  }

  private List<ToolCall> call(Cursor cursor) {
    List<ToolCall> calls = new ArrayList<>();
    id = "";
    arguments = "";
    read(form.call(), cursor, calls);
    if (calls.isEmpty()) {
      calls.add(call(id, name, arguments));
    }
    return calls;
  }

  private void read(List<CallPart> parts, Cursor cursor, List<ToolCall> calls) {
    for (CallPart part : parts) {
      if (part instanceof CallPart.Mark mark) {
        cursor.expect(mark.text());
      } else if (part instanceof CallPart.Space) {
        cursor.space();
      } else if (part instanceof CallPart.Name) {
        name = cursor.name();
      } else if (part instanceof CallPart.Id) {
        id = cursor.name();
      } else if (part instanceof CallPart.Index) {
        cursor.name();
      } else if (part instanceof CallPart.Maybe maybe) {
        if (maybe.parts().get(0) instanceof CallPart.Mark mark && cursor.isAt(mark.text())) {
          read(maybe.parts(), cursor, calls);
        }
      } else {
        arguments(part, cursor, calls);
        cursor.endAnywhere();
      }
    }
  }

  private void arguments(CallPart part, Cursor cursor, List<ToolCall> calls) {
    if (part instanceof CallPart.Envelope envelope) {
      calls.addAll(objects(Json.parse(cursor.json()), envelope));
    } else if (part instanceof CallPart.Tagged tagged) {
      arguments = Json.write(tagged(tagged, cursor));
    } else if (part instanceof CallPart.GemmaArguments) {
      arguments = Json.write(new GemmaArguments(cursor).read());
    } else {
      arguments = Json.write(Json.parseObject(cursor.json()));
    }
  }

  private static ToolCall call(String given, String called, String written) {
    return new ToolCall(given.length() == 9 ? given : newId(), called, written);
  }

  private static String newId() {
    return Long.toString(
        ThreadLocalRandom.current().nextLong(SMALLEST_ID, SMALLEST_ID * 36), Character.MAX_RADIX);
  }

  private static List<ToolCall> objects(@Nullable Object value, CallPart.Envelope envelope) {
    List<ToolCall> found = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object one : list) {
        found.addAll(objects(one, envelope));
      }
    } else if (value instanceof Map<?, ?> map) {
      Object called = first(map, envelope.name(), "name", "tool_name", "function");
      Object given = first(map, envelope.arguments(), "arguments", "parameters");
      if (!(called instanceof String s) || s.isEmpty()) {
        throw new JsonException("a call without a name");
      }
      String text =
          given instanceof String a
              ? Json.write(Json.parseObject(a))
              : Json.write(given == null ? Map.of() : given);
      Object ref = first(map, "id", "tool_call_id");
      found.add(call(ref instanceof String i ? i : "", s, text));
    }
    return found;
  }

  private static @Nullable Object first(Map<?, ?> map, String... keys) {
    for (String key : keys) {
      if (map.get(key) != null) {
        return map.get(key);
      }
    }
    return null;
  }

  private Map<String, @Nullable Object> tagged(CallPart.Tagged form, Cursor cursor) {
    TaggedArguments known = tools.getOrDefault(name, TaggedArguments.NONE);
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    cursor.space();
    while (cursor.skip(form.keyBegin())) {
      String key = cursor.until(form.keyEnd()).strip();
      if (!form.valueBegin().isEmpty()) {
        cursor.space();
        cursor.expect(form.valueBegin());
      }
      boolean isText =
          form.typed() ? cursor.until(CallPart.Tagged.TYPE_END).equals("true") : known.isText(key);
      String value = cursor.value(form.valueEnd(), isText);
      String shown = form.lines() ? withoutLines(value) : value;
      values.put(key, isText ? shown : known.read(key, shown));
      cursor.space();
    }
    return values;
  }

  private static String withoutLines(String value) {
    int from = value.startsWith("\n") ? 1 : 0;
    int to = value.length() > from && value.endsWith("\n") ? value.length() - 1 : value.length();
    return value.substring(from, to);
  }
}
