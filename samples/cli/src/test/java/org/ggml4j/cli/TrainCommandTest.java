package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainCommandTest {
  private static final String[] SMALL = {
    "--vocab", "300", "--layers", "1", "--embd", "32", "--heads", "2", "--heads-kv", "1",
    "--ctx", "32", "--rows", "2", "--eval-every", "10", "--threads", "1", "--type", "f32"
  };

  @TempDir private Path folder;

  private String[] arguments(Path output, int steps, String... more) throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, Cli.TEXT + "<|endoftext|>" + Cli.TEXT);
    List<String> args =
        new ArrayList<>(List.of("train", "--text", text.toString(), "-o", output.toString()));
    args.addAll(List.of("--steps", Integer.toString(steps)));
    args.addAll(List.of(SMALL));
    args.addAll(List.of(more));
    return args.toArray(new String[0]);
  }

  @Test
  void aModelOfOnesOwnTextIsTrainedAndLoads() throws IOException {
    Path model = folder.resolve("own.gguf");
    Cli.Result result = Cli.run(arguments(model, 60));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err())
        .containsPattern(
            "step 10/60  loss [\\d.]+  held out [\\d.]+  \\d+ tokens/s  \\d+:\\d\\d left")
        .contains("wrote " + model);
    assertThat(loss(result.err(), 60)).isLessThan(0.7 * loss(result.err(), 10));
    assertThat(folder.resolve("own.gguf.checkpoint")).doesNotExist();
    Cli.Result text =
        Cli.run("generate", "-m", model.toString(), "--temp", "0", "-n", "8", "The cat");
    assertThat(text.code()).as(text.err()).isZero();
    assertThat(text.out().strip()).isNotEmpty();
  }

  private static double loss(String err, int step) {
    String mark = "step " + step + "/60  loss ";
    int at = err.indexOf(mark) + mark.length();
    return Double.parseDouble(err.substring(at, err.indexOf(' ', at)));
  }

  @Test
  void anInterruptedTrainingGoesOnAndEndsWithTheSameModel()
      throws IOException, InterruptedException {
    int steps = 400;
    Path whole = folder.resolve("whole.gguf");
    Path parts = folder.resolve("parts.gguf");
    assertThat(Cli.run(arguments(whole, steps)).code()).isZero();

    Process process = Cli.process(arguments(parts, steps)).redirectErrorStream(true).start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(line);
        if (line.startsWith("step 20/")) {
          process.toHandle().destroy(); // as Ctrl-C does, the request to end
        }
      }
    }
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isNotZero();
    assertThat(lines.get(lines.size() - 1)).contains("nothing is lost", "--resume");
    assertThat(parts).doesNotExist();
    assertThat(folder.resolve("parts.gguf.checkpoint")).isNotEmptyFile();

    assertThat(Cli.run(arguments(parts, steps)).err()).contains("go on with --resume");
    Cli.Result resumed = Cli.run(arguments(parts, steps, "--resume"));
    assertThat(resumed.code()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("going on after step ");
    assertThat(weights(parts)).isEqualTo(weights(whole));
  }

  /** The file without its name, which it has from the output's. */
  private static String weights(Path model) throws IOException {
    String all = new String(Files.readAllBytes(model), StandardCharsets.ISO_8859_1);
    return all.replace("whole", "parts");
  }
}
