package org.ggml4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Messages from a pipe: one a line; more lines after a backslash, or between {@code """}. */
final class PipeInput implements ChatInput {
  private static final String FENCE = "\"\"\"";

  private final BufferedReader in;

  PipeInput(InputStream in) {
    this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }

  @Override
  public Optional<String> read() throws IOException {
    String line = in.readLine();
    if (line == null) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder();
    if (line.strip().equals(FENCE)) {
      for (String next = in.readLine();
          next != null && !next.strip().equals(FENCE);
          next = in.readLine()) {
        text.append(text.isEmpty() ? "" : "\n").append(next);
      }
      return Optional.of(text.toString());
    }
    while (line.endsWith("\\")) {
      text.append(line, 0, line.length() - 1).append('\n');
      String next = in.readLine();
      line = next == null ? "" : next;
    }
    return Optional.of(text.append(line).toString());
  }

  @Override
  public void onInterrupt(Runnable action) {
    // A pipe has no Ctrl-C of its own; the process is told.
  }

  @Override
  public boolean confirm(String question) {
    return false;
  }

  @Override
  public void completeTools(Supplier<List<String>> names) {
    // Nobody presses Tab.
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public void close() {
    // The process' own input stays open.
  }
}
