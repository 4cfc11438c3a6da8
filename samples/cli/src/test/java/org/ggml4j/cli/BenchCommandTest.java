package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What is measured in which order, and the formats; how fast it is is no matter here. */
class BenchCommandTest {
  private static Cli.Result bench(String... more) {
    String[] args = {
      "bench", "-m", Cli.tinyModel().toString(), "-t", "1", "-r", "2", "--no-warmup"
    };
    String[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return Cli.run(all);
  }

  private static List<String> tests(Cli.Result result) {
    return result.json().stream()
        .map(o -> o.get("n_prompt") + "+" + o.get("n_gen") + "@" + o.get("n_depth"))
        .toList();
  }

  @Test
  void everyCombinationIsMeasured() {
    Cli.Result result =
        bench("-p", "8-16*2", "-n", "3", "-pg", "5,2", "-d", "0,7", "-ub", "4,8", "-o", "jsonl");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(tests(result).subList(0, 8))
        .containsExactly("8+0@0", "16+0@0", "0+3@0", "5+2@0", "8+0@7", "16+0@7", "0+3@7", "5+2@7");
    assertThat(result.json()).hasSize(16);
    assertThat(result.json().stream().map(o -> o.get("n_ubatch")).distinct()).containsExactly(4, 8);
  }

  @Test
  void fieldsAreThoseOfLlamaBench() {
    Map<String, Object> o =
        bench("-p", "8", "-n", "0", "-b", "4", "-ctk", "bf16", "-fa", "on", "-o", "jsonl")
            .json()
            .get(0);
    assertThat(o)
        .containsEntry("model_filename", Cli.tinyModel().toString())
        .containsEntry("n_batch", 4)
        .containsEntry("n_ubatch", 4)
        .containsEntry("n_threads", 1)
        .containsEntry("type_k", "bf16")
        .containsEntry("type_v", "f16")
        .containsEntry("flash_attn", 1)
        .containsEntry("n_warmup", 0)
        .containsKeys("cpu_info", "backends", "model_size", "model_n_params", "test_time");
    List<?> nanos = (List<?>) o.get("samples_ns");
    List<?> speeds = (List<?>) o.get("samples_ts");
    assertThat(nanos).hasSize(2);
    double first = ((Number) nanos.get(0)).doubleValue();
    assertThat(((Number) speeds.get(0)).doubleValue()).isCloseTo(8e9 / first, within(1e-6));
    double mean = speeds.stream().mapToDouble(v -> ((Number) v).doubleValue()).sum() / 2;
    assertThat(((Number) o.get("avg_ts")).doubleValue()).isCloseTo(mean, within(1e-6));
  }

  @Test
  void formatsHaveARowForEachTest() {
    List<String> table = bench("-p", "8", "-n", "2").out().lines().toList();
    assertThat(table).hasSize(3);
    assertThat(table.get(0)).startsWith("model").endsWith("tokens/s");
    assertThat(table.get(1)).contains(" pp8 ", " \u00b1 ");
    List<String> md = bench("-p", "8", "-n", "2", "-o", "md").out().lines().toList();
    assertThat(md).hasSize(4);
    assertThat(md).allMatch(line -> line.chars().filter(c -> c == '|').count() == 10);
    assertThat(md.get(3)).contains("| tg2 |");
    List<String> csv = bench("-p", "8", "-n", "2", "-o", "csv").out().lines().toList();
    assertThat(csv).hasSize(3);
    assertThat(csv.get(0)).startsWith("ggml4j_version,").endsWith(",avg_ts,stddev_ts");
    assertThat(csv.get(2).split(",")).hasSameSizeAs(csv.get(0).split(","));
    String json = bench("-p", "8", "-n", "0", "-o", "json").out();
    assertThat(json.strip()).startsWith("[").endsWith("]").contains("\"n_prompt\" : 8");
  }

  @Test
  void warmsUpUnlessToldNotTo() {
    Cli.Result result =
        Cli.run(
            "bench",
            "-m",
            Cli.tinyModel().toString(),
            "-t",
            "1",
            "-r",
            "1",
            "-p",
            "4",
            "-n",
            "0",
            "-o",
            "jsonl");
    assertThat((Integer) result.json().get(0).get("n_warmup")).isPositive();
  }

  @Test
  void shortTestsAreRepeatedUntilEnoughWasTimed() {
    Cli.Result result = bench("-p", "4", "-n", "0", "-o", "jsonl", "--min-time", "0.05");
    assertThat(result.code()).as(result.err()).isZero();
    Matcher samples = Pattern.compile("\"samples_ns\":\\[([0-9,]+)]").matcher(result.out());
    assertThat(samples.find()).isTrue();
    long timed = Arrays.stream(samples.group(1).split(",")).mapToLong(Long::parseLong).sum();
    assertThat(timed).isGreaterThanOrEqualTo(50_000_000);
  }

  @Test
  void whatMakesNoSenseIsRefusedBeforeAnythingIsMeasured() {
    assertRefused("nothing to measure", "-p", "0", "-n", "0");
    assertRefused("range", "-p", "9-4");
    assertRefused("512,128", "-pg", "512");
    assertRefused("flash attention", "-ctv", "q4_0", "-fa", "off");
    assertRefused("table, md", "-o", "xml");
    assertRefused("repetitions", "-r", "0");
    assertRefused("leastTime", "--min-time", "-1");
    assertRefused("op, kind or node", "--profile=layer");
    assertRefused("nothing.gguf", "-m", "nothing.gguf");
  }

  @Test
  void aProfileSaysWhereTheTimeGoes() {
    Cli.Result result = bench("-p", "8", "-n", "2", "--profile=kind", "-o", "jsonl");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(tests(result)).containsExactly("8+0@0", "0+2@0");
    // Json.parse leaves lists out; the line has them.
    String line = result.out().lines().toList().get(1);
    assertThat(line)
        .contains("\"tensor\":\"ffn_down\"", "\"samples_ns\":[", "\"limit_flops_per_s\":{");
    assertThat(result.json().get(1)).containsEntry("n_gen", 2).containsKeys("nodes_ns", "least_ns");
  }

  private static void assertRefused(String message, String... args) {
    Cli.Result result = bench(args);
    assertThat(result.code()).isNotZero();
    assertThat(result.out()).isEmpty();
    assertThat(result.err().strip()).contains(message).doesNotContain("\n");
  }
}
