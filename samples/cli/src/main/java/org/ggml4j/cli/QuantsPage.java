package org.ggml4j.cli;

import static org.ggml4j.cli.ScatterChart.Size.BROAD;
import static org.ggml4j.cli.ScatterChart.Size.NARROW;
import static org.ggml4j.cli.ScatterChart.escape;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** A report as an HTML page: charts, table and verdicts, with nothing from elsewhere. */
final class QuantsPage {
  private static final double MIB = 1 << 20;
  private static final ScatterChart.Axis SIZE = new ScatterChart.Axis("file size, MiB", false);

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6577; --line: #dfe3ea;
        --ground: #ffffff; --panel: #f6f7f9; --k: #2f66c4; --plain: #b8570b; --iq: #14806b;
        --other: #7a4cc0; --front: #9aa5b8; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #a3adbd;
        --line: #333b49; --ground: #14181f; --panel: #1b2129; --k: #7fabf5; --plain: #f0a35c;
        --iq: #52c7ae; --other: #bb97f2; --front: #5d6880; } }
      * { box-sizing: border-box; }
      body { margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 75rem; color: var(--ink);
        background: var(--ground); font: 1rem/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
      h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
      p { margin: .25rem 0; } .soft { color: var(--soft); font-size: .9rem; }
      ul { margin: .75rem 0; padding-left: 1.2rem; }
      .charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit,
        minmax(min(100%, 26rem), 1fr)); }
      figure { margin: 0; padding: .75rem; background: var(--panel); border-radius: .5rem; }
      figcaption { font-weight: 600; margin-bottom: .25rem; }
      svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
      svg text { fill: var(--ink); } svg .tick, svg .label { fill: var(--soft); }
      .grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); }
      .front { fill: none; stroke: var(--front); stroke-width: 1.5; stroke-dasharray: 4 3; }
      .dot { stroke: var(--panel); stroke-width: 1; } .error { stroke-width: 2; opacity: .6; }
      .k { fill: var(--k); stroke: var(--k); } .plain { fill: var(--plain); stroke: var(--plain); }
      .iq { fill: var(--iq); stroke: var(--iq); } .other { fill: var(--other);
        stroke: var(--other); }
      .narrow { display: none; }
      @media (max-width: 30rem) { .broad { display: none; } .narrow { display: block; } }
      .legend { align-self: center; padding: 0 .75rem; }
      .legend p { padding-left: 1.75em; text-indent: -1.75em; margin: .5rem 0; }
      .legend span { display: inline-block; width: 1.25em; margin-right: .5em; }
      .legend .dot { background: radial-gradient(circle, var(--c) 65%, transparent 70%)
        center / .75em .75em no-repeat; height: .75em; }
      .legend .dashes { border-top: 1.5px dashed var(--front); vertical-align: middle; }
      .legend .bar { border-left: 2px solid var(--soft); height: 1em; width: .6em;
        margin-left: .65em; vertical-align: middle; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; width: 100%; font-size: .9rem;
        font-variant-numeric: tabular-nums; }
      th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid var(--line);
        white-space: nowrap; }
      th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
      th:first-child, td:first-child { text-align: left; }
      td.verdict { text-align: left; white-space: normal; width: 100%; }
      @media print { :root { --ink: #000; --soft: #444; --line: #ccc; --ground: #fff;
        --panel: #fff; --k: #2f66c4; --plain: #b8570b; --iq: #14806b; --other: #7a4cc0;
        --front: #999; font-size: 11px; } body { max-width: none; padding: 0; }
        figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
        .charts { grid-template-columns: 1fr 1fr; gap: 0 1rem; } .legend { font-size: 1rem; }
        .broad { display: none; } .narrow { display: block; }
        .legend .dot { print-color-adjust: exact; }
        th, td { padding: .2rem .4rem; } .wide th, .wide td { font-size: 7pt; }
        .wide { overflow: visible; } }
      """;

  private QuantsPage() {}

  static String of(QuantsReport report) {
    List<QuantsRow> rows = report.rows();
    StringBuilder page = new StringBuilder();
    page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
        .append(escape(report.title()))
        .append(": what a quantization level costs</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<h1>What a quantization level costs: ")
        .append(escape(report.title()))
        .append("</h1>\n<p class=\"soft\">")
        .append(escape(machine(report.setting())))
        .append("</p>\n<ul>\n");
    for (String advice : QuantsVerdict.advice(rows)) {
      page.append("<li>").append(escape(advice)).append("</li>\n");
    }
    page.append("</ul>\n");
    charts(rows, page);
    tables(report, page);
    smallPrint(report.setting(), page);
    return page.append("</body>\n</html>\n").toString();
  }

  private static String machine(Map<String, Object> setting) {
    return setting.getOrDefault("cpu_info", "")
        + ", "
        + setting.getOrDefault("threads", "")
        + " threads; measured with ggml4j "
        + setting.getOrDefault("ggml4j_version", "");
  }

  private static void charts(List<QuantsRow> rows, StringBuilder page) {
    page.append("<div class=\"charts\">\n");
    List<QuantsRow> judged =
        rows.stream()
            .filter(r -> !r.reference() && r.quality().isPresent())
            .filter(r -> r.quality().get().divergence().value() > 0)
            .toList();
    if (!judged.isEmpty()) {
      List<ScatterChart.Point> points = new ArrayList<>();
      for (QuantsRow r : judged) {
        QuantsRow.Quality q = r.quality().get();
        points.add(point(r, q.divergence().value(), q.divergence().error()));
      }
      figure(
          "Quality against size: further down is nearer to the original",
          new ScatterChart.Axis("KL divergence, nats (logarithmic)", true),
          false,
          points,
          front(judged, r -> -r.quality().orElseThrow().divergence().value()),
          page);
    }
    figure(
        "Decoding against size: further up is faster",
        new ScatterChart.Axis("tokens per second, one by one", false),
        true,
        rows.stream().map(r -> point(r, r.decode().value(), r.decode().error())).toList(),
        List.of(),
        page);
    figure(
        "Reading a prompt against size: further up is faster",
        new ScatterChart.Axis("tokens per second of a prompt", false),
        true,
        rows.stream().map(r -> point(r, r.prefill().value(), r.prefill().error())).toList(),
        List.of(),
        page);
    page.append("<div class=\"legend\">\n");
    legend(rows, "k", "K levels: blocks of 256 with scales of scales", page);
    legend(rows, "plain", "plain levels: blocks of 32 with a scale each", page);
    legend(rows, "iq", "I levels: values from tables and codebooks", page);
    legend(rows, "other", "others", page);
    if (!judged.isEmpty()) {
      page.append("<p><span class=\"dashes\"></span>On the dashed line: levels that no smaller")
          .append(" one beats in quality.</p>\n");
    }
    page.append("<p><span class=\"bar\"></span>Bars: standard deviation of the speed")
        .append(judged.isEmpty() ? "" : ", standard error of the divergence")
        .append(".</p>\n</div>\n</div>\n");
  }

  private static void legend(List<QuantsRow> rows, String kind, String text, StringBuilder page) {
    if (rows.stream().anyMatch(r -> ScatterChart.kind(r.level()).equals(kind))) {
      page.append("<p><span class=\"dot\" style=\"--c:var(--")
          .append(kind)
          .append(")\"></span>")
          .append(escape(text))
          .append("</p>\n");
    }
  }

  private static ScatterChart.Point point(QuantsRow r, double y, double error) {
    String title =
        r.level()
            + ": "
            + Figures.bytes(r.fileBytes())
            + ", "
            + Figures.decimal(y, y < 1 ? 5 : 1)
            + " \u00b1 "
            + Figures.decimal(error, y < 1 ? 5 : 1);
    return new ScatterChart.Point(
        r.level(), r.fileBytes() / MIB, y, error, ScatterChart.kind(r.level()), title);
  }

  /** The levels that no other beats in size and this too. */
  static List<String> front(List<QuantsRow> rows, ToDoubleFunction<QuantsRow> good) {
    List<String> front = new ArrayList<>();
    double best = Double.NEGATIVE_INFINITY;
    List<QuantsRow> ordered =
        rows.stream()
            .sorted(
                Comparator.comparingLong(QuantsRow::fileBytes)
                    .thenComparingDouble(r -> -good.applyAsDouble(r)))
            .toList();
    for (QuantsRow row : ordered) {
      if (good.applyAsDouble(row) > best) {
        best = good.applyAsDouble(row);
        front.add(row.level());
      }
    }
    return front;
  }

  private static void figure(
      String caption,
      ScatterChart.Axis y,
      boolean fromZero,
      List<ScatterChart.Point> points,
      List<String> line,
      StringBuilder page) {
    page.append("<figure>\n<figcaption>")
        .append(escape(caption))
        .append("</figcaption>\n")
        .append(ScatterChart.of(BROAD, caption, SIZE, y, fromZero, points, line))
        .append(ScatterChart.of(NARROW, caption, SIZE, y, fromZero, points, line))
        .append("</figure>\n");
  }

  private static void tables(QuantsReport report, StringBuilder page) {
    page.append("<h2>In words</h2>\n<table>\n<tbody>\n");
    for (QuantsRow row : report.rows()) {
      page.append("<tr><td>")
          .append(escape(row.level()))
          .append("</td><td class=\"verdict\">")
          .append(escape(QuantsVerdict.of(row, report.rows())))
          .append("</td></tr>\n");
    }
    page.append("</tbody>\n</table>\n<h2>In figures</h2>\n")
        .append("<div class=\"wide\"><table>\n<thead><tr>");
    report.header().forEach(h -> page.append("<th>").append(escape(h)).append("</th>"));
    page.append("</tr></thead>\n<tbody>\n");
    for (QuantsRow row : report.rows()) {
      page.append("<tr>");
      report.cells(row).forEach(c -> page.append("<td>").append(escape(c)).append("</td>"));
      page.append("</tr>\n");
    }
    page.append("</tbody>\n</table></div>\n");
  }

  private static void smallPrint(Map<String, Object> setting, StringBuilder page) {
    page.append("<h2>How it was measured</h2>\n<p class=\"soft\">")
        .append("Sizes are of the files. Memory is the most that a process had of the machine's")
        .append(" memory, Java's own and mapped files included, which loaded the file and measured")
        .append(" its speed. Speeds are means of repetitions with their standard deviation.")
        .append(" Perplexity is over the second halves of chunks of the text; the KL divergence")
        .append(" from the original and the share of tokens with the same likeliest one, too;")
        .append(" \u00b1 is the standard error of the mean.</p>\n<p class=\"soft\">");
    List<String> parts = new ArrayList<>();
    setting.forEach((name, value) -> parts.add(name + " = " + value));
    page.append(escape(String.join("; ", parts))).append("</p>\n");
  }
}
