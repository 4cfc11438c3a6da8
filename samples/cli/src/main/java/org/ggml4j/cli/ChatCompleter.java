package org.ggml4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/** Completes commands, and what stands behind {@code /tools}. */
final class ChatCompleter implements Completer {
  private final Supplier<List<String>> tools;

  ChatCompleter(Supplier<List<String>> tools) {
    this.tools = tools;
  }

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    words(line.words(), line.wordIndex()).forEach(word -> candidates.add(new Candidate(word)));
  }

  /** The words that may stand at a place. */
  List<String> words(List<String> words, int index) {
    if (index == 0) {
      return ChatLoop.COMMANDS;
    }
    if (!words.get(0).equals("/tools")) {
      return List.of();
    }
    if (index == 1) {
      return List.of("on", "off");
    }
    List<String> names = new ArrayList<>(tools.get());
    names.add("all");
    return names;
  }
}
