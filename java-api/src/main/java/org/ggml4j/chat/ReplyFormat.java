package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a family of models writes what it thinks and what it asks of tools; known from the marks that
 * its template has. Immutable.
 */
public final class ReplyFormat {
  private final String thinkBegin;
  private final String thinkEnd;
  private final Optional<CallForm> calls;
  private final List<String> dropped;

  private ReplyFormat(
      String thinkBegin, String thinkEnd, Optional<CallForm> calls, List<String> dropped) {
    this.thinkBegin = thinkBegin;
    this.thinkEnd = thinkEnd;
    this.calls = calls;
    this.dropped = List.copyOf(dropped);
  }

  /** The format that a template's text shows. */
  static ReplyFormat of(String template) {
    Optional<CallForm> calls = CallForm.of(template);
    if (calls.isPresent() && calls.get().equals(CallForm.HARMONY)) {
      return new ReplyFormat("", "", calls, List.of());
    }
    List<String> dropped = new ArrayList<>();
    if (template.contains("<|START_THINKING|>")) {
      dropped.addAll(
          List.of("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"));
      return new ReplyFormat("<|START_THINKING|>", "<|END_THINKING|>", calls, dropped);
    }
    if (template.contains("<|channel>")) {
      return new ReplyFormat("<|channel>thought", "<channel|>", calls, List.of("<|tool_response>"));
    }
    if (template.contains("[THINK]")) {
      return new ReplyFormat("[THINK]", "[/THINK]", calls, dropped);
    }
    if (calls.isPresent() && calls.get().bare()) {
      dropped.add("<|python_tag|>");
    }
    String begin = thinkBegin(template);
    String end = begin.isEmpty() ? "" : "</" + begin.substring(1);
    return new ReplyFormat(begin, end, calls, dropped);
  }

  private static String thinkBegin(String template) {
    if (template.contains("<think>") || template.contains("</think>")) {
      return "<think>";
    }
    return template.contains("<seed:think>") ? "<seed:think>" : "";
  }

  /** Whether it is known how calls of tools are written. */
  public boolean hasCalls() {
    return calls.isPresent();
  }

  /** Whether it is known how the model writes what it thinks. */
  public boolean hasReasoning() {
    return !thinkBegin.isEmpty() || isHarmony();
  }

  /** Whether a prompt ends with the begin of reasoning. */
  public boolean isThinking(String prompt) {
    return !thinkBegin.isEmpty() && prompt.stripTrailing().endsWith(thinkBegin);
  }

  /** Before reasoning; empty if there is none. */
  String thinkBegin() {
    return thinkBegin;
  }

  /** Behind reasoning. */
  String thinkEnd() {
    return thinkEnd;
  }

  Optional<CallForm> calls() {
    return calls;
  }

  /** Marks that belong to neither. */
  List<String> dropped() {
    return dropped;
  }

  /** Whether it is gpt-oss' form, of channels and messages. */
  boolean isHarmony() {
    return calls.isPresent() && calls.get().equals(CallForm.HARMONY);
  }

  /**
   * A reader of one reply.
   *
   * @param prompt whose end may have begun the reasoning already
   * @param tools that may be called; without any, calls are text
   */
  public ReplyParser newParser(String prompt, List<Tool> tools, ReplyListener listener) {
    return new ReplyParser(this, prompt, tools, listener);
  }
}
