package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Reads calls in the form of a family. */
final class CallReader {
  /** 36^8: from here on a number has nine digits to the base 36, as Mistral's templates want. */
  private static final long SMALLEST_ID = 2_821_109_907_456L;

  private final ReplyFormat.ToolStyle style;
  private String name = "";

  CallReader(ReplyFormat.ToolStyle style) {
    this.style = style;
  }

  /** Takes the name from a header of gpt-oss. */
  void begin(String header) {
    int from = header.indexOf("to=functions.") + "to=functions.".length();
    int to = from;
    while (to < header.length()
        && !Character.isWhitespace(header.charAt(to))
        && header.charAt(to) != '<') {
      to++;
    }
    name = header.substring(from, to);
  }

  /**
   * Where the call at the begin of a text ends; -1 if it is not complete.
   *
   * @param isLast whether no more text will come
   */
  int end(StringBuilder text, String mark, boolean isLast) {
    int end =
        switch (style) {
          case HARMONY -> firstMark(text);
          case LLAMA3, MISTRAL -> json(text);
          default -> text.indexOf(mark);
        };
    return end < 0 && isLast ? text.length() : end;
  }

  private static int firstMark(StringBuilder text) {
    int end = text.indexOf("<|call|>");
    return end < 0 ? text.indexOf("<|end|>") : end;
  }

  /** The end of the first object or list, whatever comes before it; -1 if there is none yet. */
  private static int json(CharSequence text) {
    int depth = 0;
    boolean inString = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (inString) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          inString = false;
        }
      } else if (c == '"' && depth > 0) {
        inString = true;
      } else if (c == '{' || (c == '[' && (depth > 0 || isBlank(text, i)))) {
        depth++;
      } else if ((c == '}' || c == ']') && depth > 0 && --depth == 0) {
        return i + 1;
      }
    }
    return -1;
  }

  private static boolean isBlank(CharSequence text, int end) {
    for (int i = 0; i < end; i++) {
      if (!Character.isWhitespace(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** The calls of a text; none if it is none. */
  List<ToolCall> read(String text) {
    try {
      return switch (style) {
        case HARMONY -> List.of(call("", name, Json.write(Json.parseObject(text.strip()))));
        case DEEPSEEK -> List.of(deepSeek(text));
        case GEMMA -> List.of(new GemmaCall(text.strip()).read(this));
        case MISTRAL -> mistral(text.strip());
        default -> objects(Json.parse(text.strip()));
      };
    } catch (JsonException e) {
      return List.of();
    }
  }

  private static String newId() {
    return Long.toString(
        ThreadLocalRandom.current().nextLong(SMALLEST_ID, SMALLEST_ID * 36), Character.MAX_RADIX);
  }

  ToolCall call(String id, String called, String arguments) {
    return new ToolCall(id.isEmpty() ? newId() : id, called, arguments);
  }

  private List<ToolCall> objects(@Nullable Object value) {
    List<ToolCall> found = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object one : list) {
        found.addAll(objects(one));
      }
    } else if (value instanceof Map<?, ?> map) {
      Object called = first(map, "name", "tool_name", "function");
      Object arguments = first(map, "arguments", "parameters");
      if (!(called instanceof String s) || s.isEmpty()) {
        throw new JsonException("a call without a name");
      }
      Object id = first(map, "id", "tool_call_id");
      String text =
          arguments instanceof String a
              ? Json.write(Json.parseObject(a))
              : Json.write(arguments == null ? Map.of() : arguments);
      found.add(call(id instanceof String i && i.length() == 9 ? i : "", s, text));
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

  /** {@code [{...}]}, or {@code name[CALL_ID]id[ARGS]{...}}, or {@code name{...}}. */
  private List<ToolCall> mistral(String text) {
    if (text.startsWith("[{") || text.startsWith("[ ")) {
      return objects(Json.parse(text));
    }
    int brace = text.indexOf('{');
    if (brace < 0) {
      throw new JsonException("a call without arguments");
    }
    String head = text.substring(0, brace).replace("[ARGS]", "").strip();
    String id = "";
    int at = head.indexOf("[CALL_ID]");
    if (at >= 0) {
      id = head.substring(at + "[CALL_ID]".length());
      head = head.substring(0, at);
    }
    return List.of(call(id, head, Json.write(Json.parseObject(text.substring(brace)))));
  }

  /** {@code function<sep>name, a fence, {...}, a fence}, or {@code name<sep>{...}}. */
  private ToolCall deepSeek(String text) {
    String separator = "<｜tool▁sep｜>";
    int at = text.indexOf(separator);
    int brace = text.indexOf('{');
    int last = text.lastIndexOf('}');
    if (at < 0 || brace < at || last < brace) {
      throw new JsonException("a call without name and arguments");
    }
    String before = text.substring(0, at).strip();
    String between = text.substring(at + separator.length(), brace);
    String called = before.equals("function") ? between.replace("```json", "").strip() : before;
    return call("", called, Json.write(Json.parseObject(text.substring(brace, last + 1))));
  }
}
