package org.ggml4j.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Where a conversation's messages come from. */
sealed interface ChatInput extends AutoCloseable permits PipeInput, TerminalInput {
  /** The next message or command, which may have several lines; empty at the end. */
  Optional<String> read() throws IOException;

  /** Has an action run when Ctrl-C comes while a reply is written. */
  void onInterrupt(Runnable action);

  /** Whether somebody says yes; no if nobody can be asked. */
  boolean confirm(String question);

  /** Has the names of tools completed. */
  void completeTools(Supplier<List<String>> names);

  /** Whether somebody sits there, who likes colours. */
  boolean isTerminal();

  @Override
  void close() throws IOException;
}
