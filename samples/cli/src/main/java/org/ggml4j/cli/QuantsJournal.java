package org.ggml4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The levels that are measured already, so that a run that was interrupted goes on. A file of JSON
 * lines: first what is measured and how, then a line for each level.
 */
final class QuantsJournal {
  private final Path file;
  private final Map<String, QuantsRow> rows = new LinkedHashMap<>();

  private QuantsJournal(Path file) {
    this.file = file;
  }

  /**
   * Opens it; rows of another setting are given up.
   *
   * @param setting what the rows depend on: strings and whole numbers
   */
  static QuantsJournal open(Path file, Map<String, Object> setting) throws IOException {
    QuantsJournal journal = new QuantsJournal(file);
    String first = Json.text(setting);
    if (Files.isRegularFile(file)) {
      List<String> lines = Files.readAllLines(file);
      if (!lines.isEmpty() && lines.get(0).equals(first)) {
        lines.subList(1, lines.size()).forEach(journal::read);
      }
    }
    StringBuilder text = new StringBuilder(first).append('\n');
    for (QuantsRow row : journal.rows.values()) {
      text.append(Json.text(row.fields())).append('\n');
    }
    Files.writeString(file, text);
    return journal;
  }

  /** A line that is not whole was being written when the process ended. */
  private void read(String line) {
    try {
      QuantsRow row = QuantsRow.of(Json.parse(line));
      rows.put(row.level(), row);
    } catch (IOException | IllegalArgumentException e) {
      // Nothing is known of it, and it is measured again.
    }
  }

  int size() {
    return rows.size();
  }

  Optional<QuantsRow> row(String level) {
    return Optional.ofNullable(rows.get(level));
  }

  void add(QuantsRow row) throws IOException {
    rows.put(row.level(), row);
    Files.writeString(
        file,
        Json.text(row.fields()) + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.APPEND,
        StandardOpenOption.WRITE);
  }

  /** Everything is reported elsewhere. */
  void delete() throws IOException {
    Files.deleteIfExists(file);
  }
}
