package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GenerateCommandTest {
  private static final String MODEL = Cli.tinyModel().toString();

  private static Cli.Result generate(String... more) {
    String[] args = new String[more.length + 3];
    args[0] = "generate";
    args[1] = "-m";
    args[2] = MODEL;
    System.arraycopy(more, 0, args, 3, more.length);
    return Cli.run(args);
  }

  @Test
  void temperatureZeroTwiceGivesTheSameText() {
    Cli.Result first = generate("--temp", "0", "-n", "12", "The cat");
    assertThat(first.code()).isZero();
    assertThat(first.out().strip()).isNotEmpty();
    assertThat(generate("--temp", "0", "-n", "12", "The cat").out()).isEqualTo(first.out());
  }

  @Test
  void aSeedGivesTheSameTextAndAnotherSeedAnotherOne() {
    String[] seven = {"--temp", "2", "--seed", "7", "-n", "20", "The cat"};
    String[] eight = {"--temp", "2", "--seed", "8", "-n", "20", "The cat"};
    assertThat(generate(seven).out()).isEqualTo(generate(seven).out());
    assertThat(generate(seven).out()).isNotEqualTo(generate(eight).out());
  }

  @Test
  void figuresGoToStandardErrorInOneLine() {
    Cli.Result result = generate("--temp", "0", "-n", "5", "The cat");
    assertThat(result.err())
        .matches(
            "prompt \\d+ tokens, [\\d.]+ tokens/s; generated 5 tokens, [\\d.]+ tokens/s;"
                + " the token limit was reached\n");
  }

  @Test
  void jsonLinesAddUpToTheText() {
    List<Map<String, Object>> lines = generate("--json", "--temp", "0", "-n", "6", "The").json();
    assertThat(lines).hasSize(7);
    StringBuilder text = new StringBuilder();
    for (Map<String, Object> piece : lines.subList(0, 6)) {
      assertThat(piece).containsOnlyKeys("id", "logprob", "text");
      assertThat(((Number) piece.get("logprob")).doubleValue()).isLessThanOrEqualTo(0);
      text.append(piece.get("text"));
    }
    assertThat(lines.get(6))
        .containsEntry("text", text.toString())
        .containsEntry("stop_reason", "token_limit")
        .containsEntry("generated_tokens", 6)
        .containsKeys("prompt_tokens_per_second", "tokens_per_second");
    assertThat(generate("--temp", "0", "-n", "6", "The").out()).isEqualTo(text + "\n");
  }

  @Test
  void thePromptComesFromStandardInputToo() {
    String given = generate("--temp", "0", "-n", "6", "The cat").out();
    String[] args = {"generate", "-m", MODEL, "--temp", "0", "-n", "6"};
    assertThat(Cli.runWith("The cat\n", args).out()).isEqualTo(given);
    assertThat(generate("--temp", "0", "-n", "6", "--echo", "on", "The cat").out())
        .isEqualTo("The cat" + given);
  }

  @Test
  void aStopTextEndsTheTextBeforeIt() {
    String all = generate("--temp", "0", "-n", "20", "The cat").out().stripTrailing();
    String stop = all.substring(all.length() / 2, all.length() / 2 + 2);
    Cli.Result result = generate("--temp", "0", "-n", "20", "--stop", stop, "The cat");
    assertThat(result.out()).isEqualTo(all.substring(0, all.indexOf(stop)) + "\n");
    assertThat(result.err()).contains("a stop text appeared");
  }

  @Test
  void everySettingOfTheEngineGivesTheSameBeginning() {
    String text = generate("--temp", "0", "-n", "4", "The cat").out();
    for (String[] setting :
        new String[][] {
          {"--flash-attn", "off"},
          {"--repack", "off"},
          {"--kv-type", "f32"},
          {"--threads", "1"},
          {"--ctx", "48"}
        }) {
      assertThat(generate("--temp", "0", "-n", "4", setting[0], setting[1], "The cat").out())
          .as(setting[0])
          .isEqualTo(text);
    }
  }

  @Test
  void aFullContextEndsTheText() {
    Cli.Result result = generate("--temp", "5", "--seed", "3", "--ctx", "32", "The cat");
    assertThat(result.code()).isZero();
    assertThat(result.err()).containsAnyOf("the context is full", "the model ended its text");
  }

  @Test
  void aSignalStopsTheTextAndPrintsTheFigures() throws IOException, InterruptedException {
    Process process =
        Cli.process(
                "generate", "-m", MODEL, "--temp", "5", "--ctx", "200000", "--threads", "1", "The")
            .start();
    assertThat(process.getInputStream().read()).isNotNegative(); // it has begun
    process.toHandle().destroy();
    process.getInputStream().transferTo(OutputStream.nullOutputStream());
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(err).containsPattern("generated \\d+ tokens, .* tokens/s; ");
    assertThat(err).doesNotContain("Exception");
  }
}
