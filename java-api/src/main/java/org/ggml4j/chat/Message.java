package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One message of a conversation.
 *
 * @param content what is said
 * @param reasoning what the assistant thought before; empty for nothing
 * @param toolCalls what the assistant asks for
 * @param toolName of a tool's result: which tool gave it; empty for others
 * @param toolCallId of a tool's result: the call it answers; empty for others
 */
public record Message(
    Role role,
    String content,
    String reasoning,
    List<ToolCall> toolCalls,
    String toolName,
    String toolCallId) {
  public Message {
    toolCalls = List.copyOf(toolCalls);
  }

  public static Message system(String content) {
    return new Message(Role.SYSTEM, content, "", List.of(), "", "");
  }

  public static Message user(String content) {
    return new Message(Role.USER, content, "", List.of(), "", "");
  }

  public static Message assistant(String content) {
    return new Message(Role.ASSISTANT, content, "", List.of(), "", "");
  }

  /** What the assistant said, with what it thought and asked for. */
  public static Message assistant(String content, String reasoning, List<ToolCall> toolCalls) {
    return new Message(Role.ASSISTANT, content, reasoning, toolCalls, "", "");
  }

  /** The result of a call. */
  public static Message tool(ToolCall call, String result) {
    return new Message(Role.TOOL, result, "", List.of(), call.name(), call.id());
  }

  /** As JSON, in the form of the usual web interfaces. */
  public Map<String, @Nullable Object> toJson() {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("role", role.text());
    json.put("content", content);
    if (!reasoning.isEmpty()) {
      json.put("reasoning_content", reasoning);
    }
    if (!toolCalls.isEmpty()) {
      List<Object> calls = new ArrayList<>();
      for (ToolCall call : toolCalls) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.name());
        function.put("arguments", call.arguments());
        calls.add(Map.of("id", call.id(), "type", "function", "function", function));
      }
      json.put("tool_calls", calls);
    }
    if (role == Role.TOOL) {
      json.put("name", toolName);
      json.put("tool_call_id", toolCallId);
    }
    return json;
  }

  /**
   * A message from what {@link #toJson} gives.
   *
   * @throws JsonException if it is something else
   */
  public static Message fromJson(@Nullable Object value) {
    Map<?, ?> json = map(value, "a message");
    List<ToolCall> calls = new ArrayList<>();
    if (json.get("tool_calls") instanceof List<?> list) {
      for (Object one : list) {
        Map<?, ?> call = map(one, "a tool call");
        Map<?, ?> function = map(call.get("function"), "a function");
        calls.add(
            new ToolCall(text(call, "id"), text(function, "name"), text(function, "arguments")));
      }
    }
    try {
      return new Message(
          Role.of(text(json, "role")),
          text(json, "content"),
          text(json, "reasoning_content"),
          calls,
          text(json, "name"),
          text(json, "tool_call_id"));
    } catch (IllegalArgumentException e) {
      throw new JsonException(String.valueOf(e.getMessage()));
    }
  }

  private static Map<?, ?> map(@Nullable Object value, String what) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new JsonException(what + " was expected, found " + value);
  }

  private static String text(Map<?, ?> json, String name) {
    Object value = json.get(name);
    if (value == null || value instanceof String) {
      return value == null ? "" : (String) value;
    }
    throw new JsonException("'" + name + "': a text was expected, found " + value);
  }
}
