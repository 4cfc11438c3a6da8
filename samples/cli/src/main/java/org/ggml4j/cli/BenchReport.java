package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Where measured speeds are written, in the formats of llama-bench and as a table. */
sealed interface BenchReport {
  /** The formats. */
  enum Format {
    TABLE,
    MD,
    CSV,
    JSON,
    JSONL;

    BenchReport on(PrintStream out) throws IOException {
      return switch (this) {
        case TABLE -> new Text(out);
        case MD -> new Markdown(out);
        case CSV -> new Csv(out);
        case JSON -> new JsonArray(out);
        case JSONL -> new JsonLines(out);
      };
    }
  }

  /** Writes a row, at once where the format allows it. */
  void row(BenchRow row) throws IOException;

  /** Writes where the time of a test went. */
  void profile(BenchProfile profile) throws IOException;

  /** Writes what is left; also after a failure, so that what was measured is seen. */
  void end() throws IOException;

  /** What is shown to people: the settings that matter, the test and its speed. */
  private static List<String> cells(BenchRow row) {
    return List.of(
        row.model().label(),
        Figures.bytes(row.model().bytes()),
        BenchRow.backends(),
        Integer.toString(row.session().threads()),
        row.nBatch() + "/" + row.session().nBatch(),
        row.session().typeK() + "/" + row.session().typeV(),
        row.session().flashAttn() ? "on" : "off",
        row.result().test().label(),
        row.speed());
  }

  /** Their names. */
  List<String> HEADER =
      List.of("model", "size", "backend", "threads", "batch", "kv", "fa", "test", "tokens/s");

  /** Columns for a terminal. */
  final class Text implements BenchReport {
    private final PrintStream out;
    private final Table table = new Table(HEADER.size()).right(1, 3, 8);
    private boolean empty = true;

    Text(PrintStream out) {
      this.out = out;
      table.row(HEADER.toArray(String[]::new));
    }

    @Override
    public void row(BenchRow row) {
      empty = false;
      table.row(cells(row).toArray(String[]::new));
    }

    @Override
    public void profile(BenchProfile profile) {
      List<String> header = profile.header();
      Table rows = new Table(header.size());
      for (int i = profile.textColumns(); i < header.size(); i++) {
        rows.right(i);
      }
      rows.row(header.toArray(String[]::new));
      profile.cells().forEach(cells -> rows.row(cells.toArray(String[]::new)));
      out.println(profile.title());
      out.println(profile.limitsLine());
      rows.print(out, "");
      out.println();
      out.flush();
    }

    @Override
    public void end() {
      if (!empty) {
        table.print(out, "");
      }
    }
  }

  /** A table in Markdown. */
  final class Markdown implements BenchReport {
    private final PrintStream out;
    private boolean begun;

    Markdown(PrintStream out) {
      this.out = out;
    }

    @Override
    public void row(BenchRow row) {
      if (!begun) {
        begun = true;
        line(HEADER);
        line(List.of("---", "---:", "---", "---:", "---", "---", "---", "---", "---:"));
      }
      line(cells(row));
      out.flush();
    }

    @Override
    public void profile(BenchProfile profile) {
      List<String> header = profile.header();
      out.println(profile.title() + "  ");
      out.println(profile.limitsLine());
      out.println();
      line(header);
      List<String> rule = new ArrayList<>(Collections.nCopies(header.size(), "---:"));
      Collections.fill(rule.subList(0, profile.textColumns()), "---");
      line(rule);
      profile.cells().forEach(this::line);
      out.println();
      out.flush();
    }

    private void line(List<String> cells) {
      List<String> escaped = cells.stream().map(c -> c.replace("|", "\\|")).toList();
      out.println("| " + String.join(" | ", escaped) + " |");
    }

    @Override
    public void end() {}
  }

  /** Values in quotes, separated by commas (RFC 4180); without the single repetitions. */
  final class Csv implements BenchReport {
    private final PrintStream out;
    private boolean begun;

    Csv(PrintStream out) {
      this.out = out;
    }

    @Override
    public void row(BenchRow row) throws IOException {
      Map<String, Object> fields = row.fields();
      fields.keySet().removeIf(name -> name.startsWith("samples_"));
      line(fields);
    }

    @Override
    public void profile(BenchProfile profile) {
      profile.lines().forEach(this::line);
    }

    private void line(Map<String, Object> fields) {
      if (!begun) {
        begun = true;
        out.println(String.join(",", fields.keySet()));
      }
      out.println(
          fields.values().stream()
              .map(v -> '"' + v.toString().replace("\"", "\"\"") + '"')
              .collect(Collectors.joining(",")));
      out.flush();
    }

    @Override
    public void end() {}
  }

  /** An object per line. */
  final class JsonLines implements BenchReport {
    private final Json json;

    JsonLines(PrintStream out) throws IOException {
      json = new Json(out);
    }

    @Override
    public void row(BenchRow row) throws IOException {
      json.line(o -> Json.fields(row.fields(), o));
    }

    @Override
    public void profile(BenchProfile profile) throws IOException {
      json.line(o -> Json.fields(profile.fields(), o));
    }

    @Override
    public void end() throws IOException {
      json.close();
    }
  }

  /** One array of objects. */
  final class JsonArray implements BenchReport {
    private final JsonGenerator json;
    private final PrintStream out;

    JsonArray(PrintStream out) throws IOException {
      this.out = out;
      json =
          new JsonFactory()
              .createGenerator(out, JsonEncoding.UTF8)
              .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
              .useDefaultPrettyPrinter();
      json.writeStartArray();
    }

    @Override
    public void row(BenchRow row) throws IOException {
      object(row.fields());
    }

    @Override
    public void profile(BenchProfile profile) throws IOException {
      object(profile.fields());
    }

    private void object(Map<String, Object> fields) throws IOException {
      json.writeStartObject();
      Json.fields(fields, json);
      json.writeEndObject();
      json.flush();
    }

    @Override
    public void end() throws IOException {
      json.writeEndArray();
      json.close();
      out.println();
    }
  }
}
