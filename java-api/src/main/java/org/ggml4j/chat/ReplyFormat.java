package org.ggml4j.chat;

import java.util.List;

/**
 * How a family of models writes what it thinks and what it asks of tools; known from the marks that
 * its template has.
 *
 * @param thinkBegin before reasoning; empty if there is none
 * @param thinkEnd after it
 * @param tools how calls are written
 * @param toolBegin before a call; empty if nothing is
 * @param toolEnd after it
 * @param dropped marks that belong to neither
 */
public record ReplyFormat(
    String thinkBegin,
    String thinkEnd,
    ToolStyle tools,
    String toolBegin,
    String toolEnd,
    List<String> dropped) {
  /** How a call is written. */
  public enum ToolStyle {
    /** Not known. */
    NONE,
    /** An object with name and arguments between tags: Hermes, Qwen. */
    HERMES,
    /** An object with name and parameters that is the whole reply: Llama 3. */
    LLAMA3,
    /** A list of objects, or a name and its arguments, behind a mark. */
    MISTRAL,
    /** A name and its arguments between marks of their own. */
    DEEPSEEK,
    /** Channels and messages: gpt-oss. */
    HARMONY,
    /** {@code call:name{key:value}}. */
    GEMMA,
    /** A list of objects with tool_name and parameters: Command-R. */
    COMMAND
  }

  private static final String DEEPSEEK_CALL = "<｜tool▁call▁begin｜>";

  /** The format that a template's text shows. */
  static ReplyFormat of(String template) {
    if (template.contains("<|channel|>") && template.contains("<|message|>")) {
      return new ReplyFormat("", "", ToolStyle.HARMONY, "", "", List.of());
    }
    if (template.contains("<|tool_call>") && template.contains("<|channel>")) {
      return new ReplyFormat(
          "<|channel>thought",
          "<channel|>",
          ToolStyle.GEMMA,
          "<|tool_call>",
          "<tool_call|>",
          List.of("<|tool_response>"));
    }
    if (template.contains("<|START_ACTION|>")) {
      return new ReplyFormat(
          "<|START_THINKING|>",
          "<|END_THINKING|>",
          ToolStyle.COMMAND,
          "<|START_ACTION|>",
          "<|END_ACTION|>",
          List.of("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"));
    }
    if (template.contains("Action: ```json") || template.contains("Action:```json")) {
      return new ReplyFormat("", "", ToolStyle.COMMAND, "Action: ```json", "```", List.of());
    }
    if (template.contains("[TOOL_CALLS]")) {
      boolean thinks = template.contains("[THINK]");
      return new ReplyFormat(
          thinks ? "[THINK]" : "",
          thinks ? "[/THINK]" : "",
          ToolStyle.MISTRAL,
          "[TOOL_CALLS]",
          "",
          List.of());
    }
    String begin = thinkBegin(template);
    String end = begin.isEmpty() ? "" : "</" + begin.substring(1);
    if (template.contains(DEEPSEEK_CALL)) {
      return new ReplyFormat(
          begin,
          end,
          ToolStyle.DEEPSEEK,
          DEEPSEEK_CALL,
          "<｜tool▁call▁end｜>",
          List.of("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"));
    }
    if (template.contains("<tool_call>") && !template.contains("<function=")) {
      return new ReplyFormat(
          begin, end, ToolStyle.HERMES, "<tool_call>", "</tool_call>", List.of());
    }
    if (template.contains("<|start_header_id|>") && template.contains("tool_calls")) {
      return new ReplyFormat(begin, end, ToolStyle.LLAMA3, "", "", List.of("<|python_tag|>"));
    }
    return new ReplyFormat(begin, end, ToolStyle.NONE, "", "", List.of());
  }

  private static String thinkBegin(String template) {
    if (template.contains("<think>") || template.contains("</think>")) {
      return "<think>";
    }
    return template.contains("<seed:think>") ? "<seed:think>" : "";
  }

  /** Whether a prompt ends with the begin of reasoning. */
  public boolean isThinking(String prompt) {
    return !thinkBegin.isEmpty() && prompt.stripTrailing().endsWith(thinkBegin);
  }

  /** A reader of one reply to a prompt, whose end may have begun the reasoning already. */
  public ReplyParser newParser(String prompt, boolean withTools, ReplyListener listener) {
    return new ReplyParser(this, prompt, withTools, listener);
  }
}
