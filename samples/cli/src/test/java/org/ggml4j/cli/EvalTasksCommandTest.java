package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tasks in our own words, on the embedded model. {@code llama-perplexity.txt} is what
 * llama-perplexity prints for them with {@code -nr -fa off -ctk f32 -ctv f32 -np 8}, the name of
 * the run before each line: the share that is right so far, and of WinoGrande the scores.
 */
class EvalTasksCommandTest {
  private static final Pattern SHARE = Pattern.compile("\\S+ (\\d+)\t([0-9.]+)%?(\t.*)?");

  @TempDir private Path folder;

  private Path file(String name) throws IOException {
    Path copy = folder.resolve(name);
    try (InputStream in = resource(name)) {
      Files.copy(in, copy);
    }
    return copy;
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(EvalTasksCommandTest.class.getResourceAsStream("tasks/" + name));
  }

  private static List<Matcher> recorded(String run) throws IOException {
    List<Matcher> lines = new ArrayList<>();
    try (InputStream in = resource("llama-perplexity.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        Matcher matcher = SHARE.matcher(line);
        if (line.startsWith(run + " ")) {
          assertThat(matcher.matches()).as(line).isTrue();
          lines.add(matcher);
        }
      }
    }
    return lines;
  }

  private static Cli.Result eval(String... more) {
    List<String> args = new ArrayList<>(List.of("eval", "--threads", "1", "--repack", "off"));
    args.addAll(List.of("--flash-attn", "off", "--kv-type", "F32"));
    args.addAll(List.of(more));
    return Cli.run(args.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({
    "hellaswag, hellaswag.txt, 400",
    "hellaswag-10, hellaswag.txt, 10",
    "winogrande, winogrande.csv, 400",
    "winogrande-9, winogrande.csv, 9",
    "multiple-choice, multiple-choice.bin, 400",
    "multiple-choice-7, multiple-choice.bin, 7"
  })
  void eachTaskGoesAsWithLlamaPerplexity(String run, String name, String nTasks)
      throws IOException {
    String option = "--" + name.substring(0, name.indexOf('.'));
    Cli.Result result = eval(option, file(name).toString(), "--tasks", nTasks, "--each", "--json");
    assertThat(result.code()).as(result.err()).isZero();
    List<Map<String, Object>> lines = result.json();
    List<Matcher> expected = recorded(run);
    assertThat(lines).hasSize(expected.size() + 1);
    int right = 0;
    for (int i = 0; i < expected.size(); i++) {
      right += lines.get(i).get("right").equals("true") ? 1 : 0;
      double share = Double.parseDouble(expected.get(i).group(2));
      assertThat(100.0 * right / (i + 1)).as("up to task %s", i).isCloseTo(share, within(1e-3));
    }
    assertThat(number(lines.get(expected.size()), "right")).isEqualTo(right);
    assertThat(number(lines.get(expected.size()), "tasks")).isEqualTo(expected.size());
  }

  private static double number(Map<String, Object> result, String key) {
    return ((Number) result.get(key)).doubleValue();
  }

  @Test
  void scoresAreLlamaPerplexitys() throws IOException {
    Cli.Result result = eval("--winogrande", file("winogrande.csv").toString(), "--each");
    assertThat(result.code()).as(result.err()).isZero();
    List<String> lines = result.out().lines().toList();
    List<Matcher> expected = recorded("winogrande");
    for (int i = 0; i < expected.size(); i++) {
      String[] theirs = expected.get(i).group(3).strip().split("\\s+");
      String[] own = lines.get(i).substring(lines.get(i).indexOf(" of ") + 4).split(" ");
      for (int c = 0; c < 2; c++) {
        // Rounding of what Q8_0 weights are multiplied by can tip over.
        assertThat(Double.parseDouble(own[c]))
            .as(lines.get(i))
            .isCloseTo(Double.parseDouble(theirs[c]), within(0.1));
      }
    }
    assertThat(result.out())
        .contains("95% confidence  53.13 % to 88.81 %", "by chance       50.00 %", "15 of 20");
  }

  @Test
  void theConfidenceIntervalIsLlamaPerplexitys() throws IOException {
    Cli.Result result = eval("--hellaswag", file("hellaswag.txt").toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("right           55.00 \u00b1 11.41 %")
        .contains("95% confidence  34.21 % to 74.18 %") // [34.2085%, 74.1802%]
        .contains("by chance       25.00 %");
  }

  @Test
  void whatCannotBeDoneIsOneLine() throws IOException {
    String text = file("hellaswag.txt").toString();
    String csv = file("winogrande.csv").toString();
    assertRefused(Errors.USAGE, "mutually exclusive", "--hellaswag", text, "--winogrande", csv);
    assertRefused(Errors.USAGE, "--reference", "--hellaswag", text, "--reference", text);
    assertRefused(Errors.USAGE, "found 0", "--hellaswag", text, "--tasks", "0");
    assertRefused(Errors.FAILED, "line 1", "--winogrande", text);
    assertRefused(Errors.FAILED, "byte 0", "--multiple-choice", text);
    assertRefused(Errors.FAILED, "nothing.csv", "--winogrande", folder + "/nothing.csv");
    assertRefused(Errors.USAGE, "--multiple-choice"); // one of them is needed
    assertRefused(Errors.FAILED, "context", "--hellaswag", text, "--ctx", "8");
  }

  private static void assertRefused(int code, String message, String... args) {
    Cli.Result result = eval(args);
    assertThat(result.code()).as(result.err()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().strip()).contains(message).doesNotContain("\n\tat ");
  }
}
