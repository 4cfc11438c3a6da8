package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Takes a reply apart while it is written: reasoning, answer, and calls of tools. What may be the
 * begin of a mark is held back until that is known. One thread.
 */
public final class ReplyParser {
  private enum State {
    ANSWER,
    REASONING,
    CALL,
    /** What stands before a message in gpt-oss' form. */
    HEADER
  }

  private static final List<String> HARMONY_MARKS =
      List.of("<|start|>", "<|channel|>", "<|end|>", "<|return|>", "<|call|>");

  private final ReplyFormat format;
  private final ReplyListener listener;
  private final boolean withTools;
  private final CallReader calls;
  private final List<String> answerMarks = new ArrayList<>();
  private final List<String> reasoningMarks;
  private final StringBuilder buffer = new StringBuilder();
  private String header = "";
  private State state;

  /** Whether white space that comes next is the form's and not the text's. */
  private boolean atBegin = true;

  private boolean nothingYet = true;

  ReplyParser(ReplyFormat format, String prompt, boolean withTools, ReplyListener listener) {
    this.format = format;
    this.withTools = withTools;
    this.listener = listener;
    this.calls = new CallReader(format.tools());
    if (isHarmony()) {
      answerMarks.addAll(HARMONY_MARKS);
      reasoningMarks = HARMONY_MARKS;
      state = State.HEADER;
      return;
    }
    if (!format.thinkBegin().isEmpty()) {
      answerMarks.add(format.thinkBegin());
      answerMarks.add(format.thinkEnd());
    }
    if (withTools && !format.toolBegin().isEmpty()) {
      answerMarks.add(format.toolBegin());
    }
    answerMarks.addAll(format.dropped());
    reasoningMarks = List.of(format.thinkEnd());
    state = format.isThinking(prompt) ? State.REASONING : State.ANSWER;
  }

  private boolean isHarmony() {
    return format.tools() == ReplyFormat.ToolStyle.HARMONY;
  }

  /** Takes a piece; control tokens by their text. */
  public void accept(String piece) {
    buffer.append(piece);
    boolean goesOn = true;
    while (goesOn && !buffer.isEmpty()) {
      goesOn =
          switch (state) {
            case ANSWER -> answer();
            case REASONING -> marked(reasoningMarks);
            case CALL -> call(false);
            case HEADER -> header();
          };
    }
  }

  /** The reply is over: what was held back is given out. */
  public void finish() {
    if (state == State.CALL) {
      call(true);
    }
    if (!buffer.isEmpty() && state != State.HEADER) {
      emit(buffer.toString());
    }
    buffer.setLength(0);
  }

  private boolean answer() {
    boolean bare =
        withTools && format.tools() == ReplyFormat.ToolStyle.LLAMA3 && nothingYet && atBegin;
    if (bare) {
      String text = buffer.toString().stripLeading();
      if (text.isEmpty()) {
        return false;
      }
      String tag = "<|python_tag|>";
      if (text.startsWith("{") || text.startsWith(tag)) {
        buffer.setLength(0);
        buffer.append(text.startsWith(tag) ? text.substring(tag.length()) : text);
        state = State.CALL;
        return true;
      }
      if (tag.startsWith(text)) {
        return false;
      }
    }
    return marked(answerMarks);
  }

  /** Gives out what comes before the next mark; whether there was one. */
  private boolean marked(List<String> marks) {
    int first = -1;
    String found = "";
    for (String mark : marks) {
      int at = buffer.indexOf(mark);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
        found = mark;
      }
    }
    if (first < 0) {
      int held = held(marks);
      emit(buffer.substring(0, buffer.length() - held));
      buffer.delete(0, buffer.length() - held);
      return false;
    }
    emit(buffer.substring(0, first));
    buffer.delete(0, first + found.length());
    enter(found);
    return true;
  }

  /** How many characters at the end may begin a mark. */
  private int held(List<String> marks) {
    int most = 0;
    for (String mark : marks) {
      for (int n = Math.min(mark.length() - 1, buffer.length()); n > most; n--) {
        if (mark.startsWith(buffer.substring(buffer.length() - n))) {
          most = n;
        }
      }
    }
    return most;
  }

  private void enter(String mark) {
    if (isHarmony()) {
      atBegin = true;
      header = mark.equals("<|channel|>") ? mark : "";
      state = mark.equals("<|start|>") || mark.equals("<|channel|>") ? State.HEADER : State.ANSWER;
    } else if (mark.equals(format.thinkBegin())) {
      state = State.REASONING;
      atBegin = true;
    } else if (mark.equals(format.thinkEnd())) {
      state = State.ANSWER;
      atBegin = true;
    } else if (withTools && mark.equals(format.toolBegin())) {
      state = State.CALL;
    }
  }

  /** {@code <|channel|>commentary to=functions.name <|constrain|>json<|message|>}. */
  private boolean header() {
    int end = buffer.indexOf("<|message|>");
    if (end < 0) {
      return false;
    }
    header = header.concat(buffer.substring(0, end));
    buffer.delete(0, end + "<|message|>".length());
    atBegin = true;
    if (withTools && header.contains("to=functions.")) {
      calls.begin(header);
      state = State.CALL;
    } else {
      state = header.contains("final") ? State.ANSWER : State.REASONING;
    }
    header = "";
    return true;
  }

  private boolean call(boolean isLast) {
    int end = calls.end(buffer, format.toolEnd(), isLast);
    if (end < 0) {
      return false;
    }
    String text = buffer.substring(0, end);
    List<ToolCall> read = calls.read(text);
    state = State.ANSWER;
    atBegin = true;
    if (read.isEmpty()) { // no call after all
      buffer.delete(0, end);
      nothingYet = false;
      atBegin = false;
      emit(format.toolBegin() + text);
      return true;
    }
    buffer.delete(0, end);
    if (!format.toolEnd().isEmpty() && buffer.indexOf(format.toolEnd()) == 0) {
      buffer.delete(0, format.toolEnd().length());
    }
    nothingYet = format.tools() == ReplyFormat.ToolStyle.LLAMA3;
    read.forEach(listener::toolCall);
    return true;
  }

  private void emit(String text) {
    String shown = atBegin ? text.stripLeading() : text;
    if (shown.isEmpty()) {
      return;
    }
    atBegin = false;
    nothingYet = false;
    if (state == State.REASONING) {
      listener.reasoning(shown);
    } else {
      listener.answer(shown);
    }
  }
}
