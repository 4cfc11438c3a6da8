package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.ggml4j.SessionOptions;
import org.ggml4j.eval.MachineLimits;
import org.ggml4j.eval.Profile;
import org.ggml4j.eval.ProfileRow;
import org.ggml4j.eval.SpeedResult;
import org.ggml4j.eval.SpeedTest;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.Test;

/** How a known profile is written. */
class BenchProfileTest {
  private static final long MILLI = 1_000_000;

  private static BenchProfile profile(Profile.Grouping grouping) {
    SpeedTest test = SpeedTest.prompt(64);
    Profile profile =
        new Profile(
            test,
            List.of(9 * MILLI, 8 * MILLI, 10 * MILLI),
            List.of(10 * MILLI),
            List.of(
                row("MUL_MAT", GgmlType.Q4_0, "blk.0.ffn_up.weight", 3 * MILLI),
                row("MUL_MAT", GgmlType.Q4_0, "blk.1.ffn_up.weight", 4 * MILLI),
                row("ADD", GgmlType.F32, "l_out-0", MILLI)));
    BenchRow bench =
        new BenchRow(
            new BenchRow.ModelFacts(Path.of("a.gguf"), "llama 1.00 M Q4_0", 1 << 20, 1_000_000),
            SessionOptions.defaults().withThreads(2),
            512,
            0,
            true,
            5 * MILLI,
            new SpeedResult(test, profile.plainNanos(), 0),
            Instant.EPOCH);
    MachineLimits limits = new MachineLimits(2, 20e9, Map.of(GgmlType.Q4_0, 1e12));
    return new BenchProfile(bench, profile, limits, grouping);
  }

  private static ProfileRow row(String operation, GgmlType type, String name, long nanos) {
    return new ProfileRow(operation, type, name, 2, nanos, 10 * MILLI, 2_000 * MILLI);
  }

  private static List<String> lines(BenchReport.Format format, Profile.Grouping grouping)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
      BenchReport report = format.on(out);
      report.profile(profile(grouping));
      report.end();
    }
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void aTableForPeople() throws IOException {
    assertThat(lines(BenchReport.Format.TABLE, Profile.Grouping.OPERATION))
        .containsExactly(
            "llama 1.00 M Q4_0, 2 threads, pp64: 9.00 ms, 7111.1 tokens/s; with its nodes timed"
                + " 10.00 ms, of which nodes take 80.0%",
            "limits: reading 20.0 GB/s; products q4_0 1000 GFLOP/s; the nodes would take 4.50 ms",
            "operation  type  count    ms   share    MB  GB/s  of reading  GFLOP  GFLOP/s  of peak"
                + "  lost ms",
            "MUL_MAT    q4_0      4  7.00   87.5%  20.0   2.9       14.3%   4.00    571.4    57.1%"
                + "     3.00",
            "ADD        f32       2  1.00   12.5%  10.0  10.0       50.0%   2.00   2000.0         "
                + "     0.50",
            "all                  6  8.00  100.0%                                                 "
                + "     3.50",
            "");
  }

  @Test
  void aTableInMarkdownHasTheTensorsOfAKind() throws IOException {
    List<String> md = lines(BenchReport.Format.MD, Profile.Grouping.KIND);
    assertThat(md.get(3)).startsWith("| operation | type | tensor | count | ms |");
    assertThat(md.get(4)).startsWith("| --- | --- | --- | ---: |");
    assertThat(md.get(5)).startsWith("| MUL_MAT | q4_0 | ffn_up | 4 | 7.00 | 87.5% |");
    assertThat(md.get(6)).startsWith("| ADD | f32 | l_out | 2 | 1.00 |");
    assertThat(md.subList(3, 8)).allMatch(line -> line.chars().filter(c -> c == '|').count() == 14);
  }

  @Test
  void valuesForPrograms() throws IOException {
    List<String> csv = lines(BenchReport.Format.CSV, Profile.Grouping.NODE);
    assertThat(csv).hasSize(4);
    assertThat(csv.get(0)).startsWith("model_filename,").endsWith(",of_peak,lost_ns");
    assertThat(csv.get(1)).contains("\"blk.1.ffn_up.weight\",\"2\",\"4000000\",\"0.5\"");
    assertThat(csv.get(3).split(",")).hasSameSizeAs(csv.get(0).split(","));
    List<String> json = lines(BenchReport.Format.JSONL, Profile.Grouping.OPERATION);
    assertThat(json).hasSize(1);
    assertThat(json.get(0))
        .contains(
            "\"n_prompt\":64",
            "\"median_ns\":9000000",
            "\"profiled_median_ns\":10000000",
            "\"nodes_ns\":8000000",
            "\"least_ns\":4500000",
            "\"limit_flops_per_s\":{\"q4_0\":1.0E12}",
            "\"profile\":[{\"operation\":\"MUL_MAT\",\"type\":\"q4_0\",\"tensor\":\"\",\"count\":4,"
                + "\"ns\":7000000,\"share\":0.875,\"bytes\":20000000,\"flops\":4000000000,");
    assertThat(String.join("", lines(BenchReport.Format.JSON, Profile.Grouping.OPERATION)))
        .startsWith("[")
        .endsWith("]")
        .contains("\"operation\" : \"ADD\"");
  }
}
