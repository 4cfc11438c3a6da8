package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.ggml4j.eval.Estimate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One run over two levels of a tiny model, and what it leaves; then how it goes on. */
class QuantsCommandTest {
  @TempDir static Path folder;
  private static Path text;
  private static Cli.Result first;

  private static String[] command(String output, String... more) {
    String[] args = {
      "quants",
      Cli.tinyModel().toString(),
      "--text",
      text.toString(),
      "--ctx",
      "16",
      "--chunks",
      "3",
      "-p",
      "8",
      "-n",
      "2",
      "-r",
      "2",
      "-t",
      "1",
      "-o",
      folder.resolve(output).toString()
    };
    String[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return all;
  }

  @BeforeAll
  static void run() throws IOException {
    text = folder.resolve("text.txt");
    Files.writeString(text, Cli.TEXT);
    first = Cli.run(command("run", "--levels", "Q8_0,Q4_0"));
  }

  private static List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aTableAndVerdictsArePrinted() {
    assertThat(first.code()).as(first.err()).isZero();
    List<String> lines = first.out().lines().toList();
    assertThat(lines.get(0)).startsWith("level").endsWith("same top %");
    assertThat(lines.get(1)).startsWith("F32 ").endsWith("100.00");
    assertThat(lines.get(2)).startsWith("Q8_0 ").contains(" \u00b1 ");
    assertThat(lines.get(3)).startsWith("Q4_0 ");
    assertThat(lines.get(5)).contains("what the others are made from");
    assertThat(lines.get(7)).matches("Q4_0 .*% of the size; decodes at [0-9.]+ of the speed.*");
    assertThat(first.out()).contains("The fastest to decode: ");
  }

  @Test
  void whatIsWrittenIsWholeAndNothingElseIsLeft() throws IOException {
    assertThat(files()).contains("run.html", "run.json");
    assertThat(files()).noneMatch(f -> f.endsWith(".gguf") || f.endsWith(".jsonl"));
    Map<String, Object> json = Json.parse(Files.readString(folder.resolve("run.json")));
    assertThat(json).containsEntry("n_ctx", 16).containsEntry("threads", 1);
    String page = Files.readString(folder.resolve("run.html"));
    assertThat(page).startsWith("<!DOCTYPE html>").endsWith("</html>\n");
    assertThat(page.split("<svg class=\"broad\"", -1)).hasSize(4);
    assertThat(page.split("<svg class=\"narrow\"", -1)).hasSize(4);
    assertThat(page).contains("<td>Q4_0</td>").doesNotContain("http", "<script", "@import", "NaN");
    for (String element : List.of("svg", "table", "figure", "text", "tr", "td")) {
      assertThat(page.split("<" + element + "[ >]", -1))
          .as(element)
          .hasSameSizeAs(page.split("</" + element + ">", -1));
    }
  }

  @Test
  void aRunThatWasInterruptedGoesOn() throws IOException {
    // As an interruption leaves it: the settings, a row, and the begin of another.
    Map<String, Object> setting = setting("run");
    QuantsRow known =
        new QuantsRow(
            "F32",
            true,
            4711,
            32,
            Optional.empty(),
            0,
            0.5,
            OptionalLong.empty(),
            new Estimate(123.25, 1),
            new Estimate(45.75, 1),
            Optional.empty());
    Path unfinished = folder.resolve("again.unfinished.jsonl");
    String lines = Json.text(setting) + "\n" + Json.text(known.fields()) + "\n";
    Files.writeString(unfinished, lines + "{\"level\":\"Q8_0\",\"file_by");
    Cli.Result resumed = Cli.run(command("again", "--levels", "Q8_0"));
    assertThat(resumed.code()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("goes on: 1 levels");
    assertThat(resumed.out()).contains("123.3 \u00b1 1.0", "45.8 \u00b1 1.0");
    assertThat(unfinished).doesNotExist();
  }

  @Test
  void rowsOfOtherSettingsAreGivenUp() throws IOException {
    Path file = folder.resolve("journal");
    Map<String, Object> setting = setting("run");
    QuantsRow row =
        new QuantsRow(
            "Q8_0",
            false,
            1,
            8.5,
            Optional.empty(),
            0,
            0,
            OptionalLong.empty(),
            new Estimate(1, 0),
            new Estimate(1, 0),
            Optional.empty());
    QuantsJournal.open(file, setting).add(row);
    assertThat(QuantsJournal.open(file, setting).row("Q8_0")).contains(row);
    setting.put("n_ctx", 17);
    assertThat(QuantsJournal.open(file, setting).size()).isZero();
    Files.delete(file);
  }

  /** The settings that a report states, which are those of the journal. */
  private static Map<String, Object> setting(String output) throws IOException {
    return Json.parse(Files.readString(folder.resolve(output + ".json")));
  }

  @Test
  void whatCannotBeDoneIsSaidBeforeAnythingIsMeasured() {
    String[] embedded = {
      "quants", "--levels", "Q6_K,IQ2_XXS", "-o", folder.resolve("no").toString()
    };
    assertRefused("importance matrix", embedded);
    assertRefused("Q4_K_M", command("no", "--levels", "Q9"));
    assertRefused("nothing.gguf", "quants", "nothing.gguf");
  }

  @Test
  void matricesThatFitNoBlocksAreTold() {
    Cli.Result fit = Cli.run("quants", "--shape", odd(96), "--fit", "--levels", "Q4_K_M,Q8_0");
    assertThat(fit.code()).as(fit.err()).isZero();
    assertThat(fit.out().lines())
        .filteredOn(line -> line.contains("fit its blocks"))
        .singleElement()
        .asString()
        .matches("Q4_K_M: 12 of 15 matrices \\(\\d+% of the weights\\) .* are Q5_0 or Q8_0");
    assertRefused(
        "level Q8_0: all matrices would be F16, as their rows of 100, 400 fit no blocks",
        "quants",
        "--shape",
        odd(100),
        "-o",
        folder.resolve("no").toString());
  }

  private static String odd(int nEmbd) {
    int nFf = nEmbd == 100 ? 400 : 256;
    return "n_embd=" + nEmbd + ",n_layer=2,n_head=2,n_head_kv=1,n_vocab=256,n_ff=" + nFf;
  }

  private static void assertRefused(String message, String... args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.code()).isNotZero();
    assertThat(result.out()).isEmpty();
    assertThat(result.err().strip()).contains(message).doesNotContain("\n\tat ");
    assertThat(folder.resolve("no.unfinished.jsonl")).doesNotExist();
  }
}
