package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.ggml4j.Embedder;
import org.ggml4j.EmbeddingOptions;
import org.ggml4j.Model;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedCommandTest {
  private static final String MODEL = Cli.tinyModel().toString();
  @TempDir private Path folder;

  private static Cli.Result run(String... args) {
    return runWith("", args);
  }

  private static Cli.Result runWith(String input, String... args) {
    String[] all = new String[args.length + 5];
    String[] first = {"embed", "-m", MODEL, "--threads", "1"};
    System.arraycopy(first, 0, all, 0, first.length);
    System.arraycopy(args, 0, all, first.length, args.length);
    return Cli.runWith(input, all);
  }

  private static float[] expected(String text, Pooling pooling, int normalize) throws IOException {
    EmbeddingOptions options =
        EmbeddingOptions.defaults().withPooling(pooling).withNormalize(normalize).withThreads(1);
    try (Model model = Model.load(Cli.tinyModel());
        Embedder embedder = model.newEmbedder(options)) {
      return embedder.embed(text);
    }
  }

  private static float[] numbers(String line, String separator) {
    String[] words = line.trim().split(separator);
    float[] values = new float[words.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.parseFloat(words[i]);
    }
    return values;
  }

  @Test
  void eachTextHasALine() throws IOException {
    Cli.Result result = run("--format", "plain", "The cat", "The dog sat");
    assertThat(result.err()).isEmpty();
    List<String> lines = result.out().lines().toList();
    assertThat(lines).hasSize(2);
    // Beside another text the last bits may differ.
    assertThat(numbers(lines.get(0), " "))
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(expected("The cat", Pooling.LAST, 2));
    List<Map<String, Object>> json = run("The cat", "The dog sat").json();
    assertThat(json).hasSize(2);
    assertThat(json.get(1)).containsEntry("index", 1).containsKey("embedding");
  }

  @Test
  void poolingAndLengthAreThoseAskedFor() throws IOException {
    String line = run("--pooling", "mean", "--normalize", "-1", "--format", "plain", "cat").out();
    assertThat(numbers(line, " ")).isEqualTo(expected("cat", Pooling.MEAN, -1));
  }

  @Test
  void textsComeFromLines() throws IOException {
    Path file = folder.resolve("lines");
    Files.writeString(file, "The cat\n\nThe dog sat\n");
    String expected = run("The cat", "The dog sat").out();
    assertThat(run("-f", file.toString()).out()).isEqualTo(expected);
    assertThat(runWith("The cat\nThe dog sat\n").out()).isEqualTo(expected);
  }

  @Test
  void withoutPoolingEachTokenHasAVector() {
    String line = run("--pooling", "none", "--format", "plain", "The cat sat").out();
    assertThat(line.lines().count()).isGreaterThan(1);
  }

  @Test
  void theArrayIsOneLine() {
    assertThat(run("--format", "array", "The cat", "The dog").out())
        .startsWith("[[")
        .endsWith("]]\n");
  }

  @Test
  void similaritiesAreATable() {
    List<String> rows = run("--similarity", "The cat", "The cat", "log").out().lines().toList();
    assertThat(rows).hasSize(3);
    assertThat(rows.get(0)).startsWith(" 1.000  1.000").endsWith("\"The cat\"");
  }

  @Test
  void whatIsWrongIsOneLine() {
    assertThat(run().err()).contains("expected a text").hasLineCount(1);
    assertThat(run("--pooling", "most", "a").err()).contains("mean").hasLineCount(1);
    assertThat(run("--format", "xml", "a").err()).contains("jsonl").hasLineCount(1);
    assertThat(run("--pooling", "none", "--similarity", "a").code()).isEqualTo(2);
    assertThat(run("--ctx", "2", "The cat sat on the mat").code()).isEqualTo(1);
    assertThat(run("--ctx", "2", "--truncate", "The cat sat on the mat").code()).isZero();
    assertThat(run("--pooling", "rank", "a").err()).contains("cls").hasLineCount(1);
  }
}
