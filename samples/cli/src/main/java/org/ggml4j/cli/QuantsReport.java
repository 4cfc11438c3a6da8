package org.ggml4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.ggml4j.eval.Estimate;
import org.ggml4j.gguf.AtomicFile;

/**
 * What was measured of a model's levels, as a table, as JSON and as a page.
 *
 * @param title the model's name
 * @param setting what was measured and how: for JSON, and the page's small print
 * @param rows the reference first
 */
record QuantsReport(String title, Map<String, Object> setting, List<QuantsRow> rows) {
  QuantsReport {
    rows = List.copyOf(rows);
  }

  private boolean hasQuality() {
    return rows.stream().anyMatch(r -> r.quality().isPresent());
  }

  /** The columns' names. */
  List<String> header() {
    return hasQuality()
        ? List.of(
            "level",
            "size",
            "bits/weight",
            "load s",
            "memory",
            "prefill tokens/s",
            "decode tokens/s",
            "perplexity",
            "KL divergence",
            "same top %")
        : List.of(
            "level",
            "size",
            "bits/weight",
            "load s",
            "memory",
            "prefill tokens/s",
            "decode tokens/s");
  }

  /** The cells of a row. */
  List<String> cells(QuantsRow row) {
    List<String> cells =
        new ArrayList<>(
            List.of(
                row.level(),
                Figures.bytes(row.fileBytes()),
                Figures.decimal(row.bitsPerWeight(), 2),
                Figures.decimal(row.loadSeconds(), 2),
                row.peakBytes().isPresent() ? Figures.bytes(row.peakBytes().getAsLong()) : "-",
                show(row.prefill(), 1),
                show(row.decode(), 1)));
    if (hasQuality()) {
      if (row.quality().isPresent()) {
        QuantsRow.Quality q = row.quality().get();
        cells.add(show(q.perplexity(), 4));
        cells.add(row.reference() ? "-" : show(q.divergence(), 5));
        cells.add(Figures.decimal(100 * q.sameTop().value(), 2));
      } else {
        cells.addAll(List.of("-", "-", "-"));
      }
    }
    return cells;
  }

  private static String show(Estimate e, int decimals) {
    return Figures.plusMinus(e.value(), e.error(), decimals);
  }

  /** Prints a table and the verdicts. */
  void print(PrintStream out) {
    Table table = new Table(header().size());
    table.right(IntStream.range(1, header().size()).toArray());
    table.row(header().toArray(String[]::new));
    Table verdicts = new Table(2);
    for (QuantsRow row : rows) {
      table.row(cells(row).toArray(String[]::new));
      verdicts.row(row.level(), QuantsVerdict.of(row, rows));
    }
    table.print(out, "");
    out.println();
    verdicts.print(out, "");
    out.println();
    QuantsVerdict.advice(rows).forEach(out::println);
  }

  /** Writes all of it as one JSON object. */
  void writeJson(Path file) throws IOException {
    Map<String, Object> all = new LinkedHashMap<>(setting);
    all.put(
        "levels",
        rows.stream()
            .map(
                row -> {
                  Map<String, Object> fields = row.fields();
                  fields.put("verdict", QuantsVerdict.of(row, rows));
                  return fields;
                })
            .toList());
    write(file, Json.text(all) + "\n");
  }

  /** Writes a page that needs nothing else. */
  void writePage(Path file) throws IOException {
    write(file, QuantsPage.of(this));
  }

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(
        file.toAbsolutePath(),
        channel -> {
          Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
          writer.write(text);
          writer.flush();
        });
  }
}
