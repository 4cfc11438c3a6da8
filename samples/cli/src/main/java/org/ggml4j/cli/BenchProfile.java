package org.ggml4j.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.ggml4j.eval.MachineLimits;
import org.ggml4j.eval.Profile;
import org.ggml4j.eval.ProfileRow;
import org.ggml4j.gguf.GgmlType;

/**
 * Where the time of a test went, and how far that is from what the machine can do.
 *
 * @param row the test and its speed while nothing was looked at
 */
record BenchProfile(
    BenchRow row, Profile profile, MachineLimits limits, Profile.Grouping grouping) {
  private static final double MILLION = 1e6;
  private static final double BILLION = 1e9;

  /** How many columns are texts; they come first. */
  int textColumns() {
    return grouping == Profile.Grouping.OPERATION ? 2 : 3;
  }

  /** What was run, and how much of its time the table is about. */
  String title() {
    return row.model().label()
        + ", "
        + row.session().threads()
        + (row.session().threads() == 1 ? " thread, " : " threads, ")
        + profile.test().label()
        + ": "
        + millis(profile.plainMedian())
        + " ms, "
        + Figures.decimal(BILLION * profile.test().nTokens() / profile.plainMedian(), 1)
        + " tokens/s; with its nodes timed "
        + millis(profile.profiledMedian())
        + " ms, of which nodes take "
        + percent(profile.nodeNanos() / (double) profile.profiledMedian());
  }

  /** What the machine can do. */
  String limitsLine() {
    String products =
        new TreeMap<>(limits.productFlopsPerSecond())
            .entrySet().stream()
                .map(e -> name(e.getKey()) + " " + Figures.decimal(e.getValue() / BILLION, 0))
                .collect(Collectors.joining(", "));
    return "limits: reading "
        + Figures.decimal(limits.readBytesPerSecond() / BILLION, 1)
        + " GB/s; products "
        + products
        + " GFLOP/s; the nodes would take "
        + millis(Math.round(limits.leastNanos(profile.nodes())))
        + " ms";
  }

  /** Names of the columns. */
  List<String> header() {
    List<String> names = new ArrayList<>(List.of("operation", "type"));
    if (textColumns() > 2) {
      names.add("tensor");
    }
    names.addAll(
        List.of("count", "ms", "share", "MB", "GB/s", "of reading", "GFLOP", "GFLOP/s", "of peak"));
    names.add("lost ms");
    return names;
  }

  /** The rows of the table, and last what they are together. */
  List<List<String>> cells() {
    List<List<String>> table = new ArrayList<>();
    long count = 0;
    double lost = 0;
    for (ProfileRow r : profile.by(grouping)) {
      List<String> cells = new ArrayList<>(List.of(r.operation(), name(r.type())));
      if (textColumns() > 2) {
        cells.add(r.name());
      }
      cells.add(Long.toString(r.count()));
      cells.add(millis(r.nanos()));
      cells.add(percent(share(r)));
      cells.add(Figures.decimal(r.bytes() / MILLION, 1));
      cells.add(Figures.decimal(r.bytesPerSecond() / BILLION, 1));
      cells.add(percent(limits.memoryShare(r)));
      cells.add(Figures.decimal(r.flops() / BILLION, 2));
      cells.add(Figures.decimal(r.flopsPerSecond() / BILLION, 1));
      cells.add(r.isProduct() ? percent(limits.productShare(r)) : "");
      cells.add(millis(Math.round(limits.lostNanos(r))));
      table.add(cells);
      count += r.count();
      lost += limits.lostNanos(r);
    }
    List<String> all = new ArrayList<>(List.of("all", ""));
    if (textColumns() > 2) {
      all.add("");
    }
    all.addAll(List.of(Long.toString(count), millis(profile.nodeNanos()), percent(1)));
    all.addAll(List.of("", "", "", "", "", "", millis(Math.round(lost))));
    table.add(all);
    return table;
  }

  private double share(ProfileRow r) {
    return r.nanos() / (double) Math.max(1, profile.nodeNanos());
  }

  /** Everything about the test by name. */
  Map<String, Object> fields() throws IOException {
    Map<String, Object> f = row.fields();
    Map<String, Object> products = new TreeMap<>();
    limits.productFlopsPerSecond().forEach((type, flops) -> products.put(name(type), flops));
    f.put("profiled_ns", profile.profiledNanos());
    f.put("profiled_median_ns", profile.profiledMedian());
    f.put("median_ns", profile.plainMedian());
    f.put("nodes_ns", profile.nodeNanos());
    f.put("limit_bytes_per_s", limits.readBytesPerSecond());
    f.put("limit_flops_per_s", products);
    f.put("least_ns", Math.round(limits.leastNanos(profile.nodes())));
    f.put("profile", profile.by(grouping).stream().map(this::fields).toList());
    return f;
  }

  /** Lines for a table of values: the test's most important fields and a row's. */
  List<Map<String, Object>> lines() {
    List<Map<String, Object>> lines = new ArrayList<>();
    for (ProfileRow r : profile.by(grouping)) {
      Map<String, Object> f = new LinkedHashMap<>();
      f.put("model_filename", row.model().file().toString());
      f.put("model_type", row.model().label());
      f.put("n_threads", row.session().threads());
      f.put("test", profile.test().label());
      f.put("median_ns", profile.plainMedian());
      f.put("profiled_median_ns", profile.profiledMedian());
      f.put("limit_bytes_per_s", limits.readBytesPerSecond());
      f.putAll(fields(r));
      lines.add(f);
    }
    return lines;
  }

  private Map<String, Object> fields(ProfileRow r) {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("operation", r.operation());
    f.put("type", name(r.type()));
    f.put("tensor", r.name());
    f.put("count", r.count());
    f.put("ns", r.nanos());
    f.put("share", share(r));
    f.put("bytes", r.bytes());
    f.put("flops", r.flops());
    f.put("bytes_per_s", r.bytesPerSecond());
    f.put("flops_per_s", r.flopsPerSecond());
    f.put("of_memory", limits.memoryShare(r));
    f.put("of_peak", limits.productShare(r));
    f.put("lost_ns", Math.round(limits.lostNanos(r)));
    return f;
  }

  private static String name(GgmlType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  private static String millis(long nanos) {
    return Figures.decimal(nanos / MILLION, 2);
  }

  private static String percent(double share) {
    return Figures.decimal(100 * share, 1) + "%";
  }
}
