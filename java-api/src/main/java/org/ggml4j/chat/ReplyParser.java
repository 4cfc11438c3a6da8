package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes a reply apart while it is written: reasoning, answer, and calls of tools. What may be the
 * begin of a mark is held back until that is known. One thread.
 */
public final class ReplyParser {
  private enum State {
    ANSWER,
    REASONING,
    CALLS,
    /** What stands before a message in gpt-oss' form. */
    HEADER
  }

  private static final List<String> HARMONY_MARKS =
      List.of("<|start|>", "<|channel|>", "<|end|>", "<|return|>", "<|call|>");

  private final ReplyFormat format;
  private final ReplyListener listener;
  private final Optional<CallForm> form;
  private final Optional<CallReader> reader;
  private final List<String> answerMarks = new ArrayList<>();
  private final List<String> reasoningMarks = new ArrayList<>();
  private final StringBuilder buffer = new StringBuilder();
  private String header = "";
  private State state;

  /** Whether white space that comes next is the form's and not the text's. */
  private boolean atBegin = true;

  private boolean nothingYet = true;

  /** What calls began with, and where: in the answer or, as some models do, in the reasoning. */
  private String callMark = "";

  private State around = State.ANSWER;

  /** Whether a call was read, and what ends them all or another one comes next. */
  private boolean between;

  /** How long the text must be to look at a call that was not all there again. */
  private int nextLook;

  ReplyParser(ReplyFormat format, String prompt, List<Tool> tools, ReplyListener listener) {
    this.format = format;
    this.listener = listener;
    this.form = tools.isEmpty() ? Optional.empty() : format.calls();
    this.reader = form.map(f -> new CallReader(f, tools));
    if (format.isHarmony()) {
      answerMarks.addAll(HARMONY_MARKS);
      reasoningMarks.addAll(HARMONY_MARKS);
      state = State.HEADER;
      return;
    }
    if (format.hasReasoning()) {
      answerMarks.add(format.thinkBegin());
      answerMarks.add(format.thinkEnd());
      reasoningMarks.add(format.thinkEnd());
    }
    form.ifPresent(f -> answerMarks.addAll(f.marks()));
    form.ifPresent(f -> reasoningMarks.addAll(f.marks()));
    answerMarks.addAll(format.dropped());
    state = format.isThinking(prompt) ? State.REASONING : State.ANSWER;
  }

  /** Takes a piece; control tokens by their text. */
  public void accept(String piece) {
    buffer.append(piece);
    advance(false);
  }

  private void advance(boolean isLast) {
    boolean goesOn = true;
    while (goesOn && !buffer.isEmpty()) {
      goesOn =
          switch (state) {
            case ANSWER -> answer();
            case REASONING -> marked(reasoningMarks);
            case CALLS -> calls(isLast);
            case HEADER -> header();
          };
    }
  }

  /** The reply is over: what was held back is given out. */
  public void finish() {
    if (state == State.CALLS) {
      advance(true);
    }
    if (!buffer.isEmpty() && state != State.HEADER) {
      emit(buffer.toString());
    }
    buffer.setLength(0);
  }

  private boolean answer() {
    boolean bare = form.isPresent() && form.get().bare() && !format.isHarmony();
    if (bare && nothingYet && atBegin) {
      String text = buffer.toString().stripLeading();
      if (text.isEmpty()) {
        return false;
      }
      String tag = "<|python_tag|>";
      if (text.startsWith("{") || text.startsWith(tag)) {
        buffer.setLength(0);
        buffer.append(text.startsWith(tag) ? text.substring(tag.length()) : text);
        beginCalls("", State.ANSWER);
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
    boolean isCall = form.isPresent() && form.get().marks().contains(found);
    buffer.delete(0, isCall ? first : first + found.length());
    if (isCall) {
      beginCalls(found, state);
    } else {
      enter(found);
    }
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
    if (format.isHarmony()) {
      atBegin = true;
      header = mark.equals("<|channel|>") ? mark : "";
      state = mark.equals("<|start|>") || mark.equals("<|channel|>") ? State.HEADER : State.ANSWER;
    } else if (mark.equals(format.thinkBegin())) {
      state = State.REASONING;
      atBegin = true;
    } else if (mark.equals(format.thinkEnd())) {
      state = State.ANSWER;
      atBegin = true;
    }
  }

  private void beginCalls(String mark, State from) {
    callMark = mark;
    around = from;
    between = false;
    nextLook = 0;
    state = State.CALLS;
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
    if (reader.isPresent() && header.contains("to=functions.")) {
      reader.get().begin(header);
      beginCalls("", State.ANSWER);
    } else {
      state = header.contains("final") ? State.ANSWER : State.REASONING;
    }
    header = "";
    return true;
  }

  /** Reads the next call, or what ends them; whether there is more to do. */
  private boolean calls(boolean isLast) {
    if (!isLast && buffer.length() < nextLook) {
      return false;
    }
    String text = buffer.toString();
    CallReader calls = reader.orElseThrow();
    try {
      Cursor end = new Cursor(text, 0, isLast);
      if (between && calls.ends(end)) {
        endCalls(end.pos());
        return true;
      }
      Cursor cursor = new Cursor(text, 0, isLast);
      List<ToolCall> read = between ? calls.next(cursor) : calls.first(cursor);
      if (form.orElseThrow().repeats()) {
        buffer.delete(0, cursor.pos());
        between = true;
        nextLook = 0;
      } else {
        endCalls(cursor.pos());
      }
      read.forEach(listener::toolCall);
    } catch (Cursor.Incomplete e) {
      // A long text is not read from its begin again for each of its last characters.
      nextLook = text.length() + Math.max(1, text.length() / 32);
      return false;
    } catch (JsonException e) {
      if (between) {
        endCalls(0);
      } else {
        noCall();
      }
    }
    return true;
  }

  private void endCalls(int length) {
    buffer.delete(0, length);
    state = State.ANSWER;
    atBegin = true;
    nothingYet = form.orElseThrow().bare();
  }

  /** What looked like a call is text. */
  private void noCall() {
    state = around;
    nothingYet = false;
    atBegin = format.isHarmony();
    if (!format.isHarmony()) {
      int length = Math.max(1, callMark.length());
      emit(buffer.substring(0, length));
      buffer.delete(0, length);
    }
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
