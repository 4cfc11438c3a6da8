package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.ggml4j.cli.stories.StoryGenerator;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The figures are those of llama-quantize and llama-perplexity, recorded on the same files. */
class QuantizeAndEvalCommandTest {
  private static final String CHUNKS = "8";

  @TempDir static Path folder;
  private static Path text;
  private static Path small;

  @BeforeAll
  static void prepare() throws IOException {
    text = folder.resolve("text.txt");
    Files.writeString(
        text, String.join("\n\n", new StoryGenerator(3, 5).stream().limit(40).toList()));
    small = folder.resolve("q4_0.gguf");
    Cli.Result result =
        Cli.run("quantize", embedded(), "q4_0", "--allow-requantize", "-o", small.toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).contains("wrote " + small, "bits per weight");
  }

  private static String embedded() throws IOException {
    return EmbeddedModel.file().toString();
  }

  private static Map<String, Object> eval(String... more) {
    String[] args = {"eval", "-f", text.toString(), "--chunks", CHUNKS, "--threads", "1", "--json"};
    String[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    Cli.Result result = Cli.run(all);
    assertThat(result.code()).as(result.err()).isZero();
    return result.json().get(0);
  }

  private static double number(Map<String, Object> result, String key) {
    return ((Number) result.get(key)).doubleValue();
  }

  @Test
  void perplexityIsThatOfLlamaPerplexity() {
    Map<String, Object> result = eval();
    assertThat(number(result, "perplexity")).isCloseTo(1.509671, Percentage.withPercentage(0.1));
    assertThat(number(result, "perplexity_error")).isCloseTo(0.048624, within(5e-4));
    assertThat(number(result, "tokens")).isEqualTo(8 * 255);
  }

  @Test
  void divergenceIsThatOfLlamaPerplexity() throws IOException {
    Map<String, Object> r = eval("-m", small.toString(), "--reference", embedded());
    Percentage one = Percentage.withPercentage(1);
    assertThat(number(r, "perplexity")).isCloseTo(1.516834, Percentage.withPercentage(0.1));
    assertThat(number(r, "reference_perplexity"))
        .isCloseTo(1.509671, Percentage.withPercentage(0.1));
    assertThat(number(r, "kl_divergence")).isCloseTo(0.001876, one);
    assertThat(number(r, "kl_divergence_error")).isCloseTo(0.000157, within(5e-6));
    assertThat(number(r, "kl_divergence_99")).isCloseTo(0.035418, one);
    assertThat(number(r, "log_ratio")).isCloseTo(0.004734, one);
    assertThat(number(r, "log_ratio_error")).isCloseTo(0.001692, one);
    assertThat(number(r, "same_top")).isCloseTo(0.98284, within(6e-4));
    assertThat(number(r, "rms_difference")).isCloseTo(0.01522, one);
  }

  @Test
  void aModelDoesNotDivergeFromItself() throws IOException {
    Map<String, Object> r = eval("--reference", embedded());
    assertThat(number(r, "kl_divergence")).isCloseTo(0, within(1e-9));
    assertThat(number(r, "same_top")).isEqualTo(1);
  }

  @Test
  void aDryRunWritesNothing() throws IOException {
    Path out = folder.resolve("dry.gguf");
    Cli.Result result =
        Cli.run(
            "quantize",
            embedded(),
            "Q4_K_M",
            "--allow-requantize",
            "--dry-run",
            "--tensor-type",
            "blk\\.1\\.ffn_up=q6_k",
            "-o",
            out.toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .containsPattern("blk.1.ffn_up.weight +Q8_0 +Q6_K")
        .containsPattern("blk.2.ffn_up.weight +Q8_0 +Q4_K")
        .contains("bits per weight");
    assertThat(out).doesNotExist();
  }

  @Test
  void whatIsWrittenIsOfTheTypesThatWereAskedFor() throws IOException {
    try (GgufFile file = GgufFile.open(small)) {
      assertThat(file.tensor("blk.0.attn_q.weight").orElseThrow().type()).isEqualTo(GgmlType.Q4_0);
      assertThat(file.tensor("token_embd.weight").orElseThrow().type()).isEqualTo(GgmlType.Q6_K);
      assertThat(file.tensor("output_norm.weight").orElseThrow().type()).isEqualTo(GgmlType.F32);
    }
  }

  @Test
  void whatCannotBeDoneIsOneLine() throws IOException {
    assertRefused("is Q8_0 already", "quantize", embedded(), "Q4_0");
    assertRefused("importance matrix", "quantize", embedded(), "IQ2_XXS", "--allow-requantize");
    assertRefused("Q4_K_M", "quantize", embedded(), "Q9_X");
    assertRefused(
        "the model itself", "quantize", embedded(), "Q8_0", "--allow-requantize", "-o", embedded());
    Path brief = folder.resolve("brief.txt");
    Files.writeString(brief, "Once upon a time.");
    assertRefused("two chunks", "eval", "-f", brief.toString());
    assertRefused("nothing.txt", "eval", "-f", folder.resolve("nothing.txt").toString());
  }

  private static void assertRefused(String message, String... args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.code()).isNotZero();
    assertThat(result.out()).isEmpty();
    assertThat(result.err().strip()).contains(message).doesNotContain("\n\tat ");
  }
}
