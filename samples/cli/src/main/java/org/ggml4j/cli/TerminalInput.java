package org.ggml4j.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** Messages from a terminal: line editing, history, completion; a backslash goes on a new line. */
final class TerminalInput implements ChatInput {
  private final Terminal terminal;
  private final LineReader reader;
  private Supplier<List<String>> tools = List::of;

  TerminalInput() throws IOException {
    terminal = TerminalBuilder.builder().name("ggml4j").system(true).build();
    DefaultParser parser = new DefaultParser();
    parser.setEofOnEscapedNewLine(true);
    parser.setQuoteChars(new char[0]); // an apostrophe opens nothing
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .parser(parser)
            .completer(new ChatCompleter(() -> tools.get()))
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, ". ")
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .build();
  }

  @Override
  public Optional<String> read() {
    while (true) {
      try {
        return Optional.of(reader.readLine("> ").replace("\\\n", "\n"));
      } catch (UserInterruptException e) {
        terminal.writer().println("(/exit or Ctrl-D ends)");
        terminal.flush();
      } catch (EndOfFileException e) {
        return Optional.empty();
      }
    }
  }

  @Override
  public void onInterrupt(Runnable action) {
    terminal.handle(Terminal.Signal.INT, signal -> action.run());
  }

  @Override
  public boolean confirm(String question) {
    reader.setVariable(LineReader.DISABLE_HISTORY, true);
    try {
      String answer = reader.readLine(Markdown.printable(question) + " [y/N] ").strip();
      return answer.equalsIgnoreCase("y") || answer.equalsIgnoreCase("yes");
    } catch (UserInterruptException | EndOfFileException e) {
      return false;
    } finally {
      reader.setVariable(LineReader.DISABLE_HISTORY, false);
    }
  }

  @Override
  public void completeTools(Supplier<List<String>> names) {
    tools = names;
  }

  @Override
  public boolean isTerminal() {
    return true;
  }

  @Override
  public void close() throws IOException {
    terminal.close();
  }
}
