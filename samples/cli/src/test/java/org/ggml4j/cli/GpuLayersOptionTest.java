package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.ModelOptions;
import org.ggml4j.ggml.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Layers on graphics cards, with and without a card. */
class GpuLayersOptionTest {
  private static final String MODEL = Cli.tinyModel().toString();
  private static final String NOTE = "no graphics card was found";
  private static final boolean CARD =
      Device.all().stream().anyMatch(d -> d.type() == Device.Type.GPU);

  @TempDir Path folder;

  private static ModelOptions parsed(String... args) {
    GpuLayersOption option = new GpuLayersOption();
    new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("gpu", mixin(option)))
        .parseArgs(args);
    return option.apply(ModelOptions.defaults(), new PrintStream(new ByteArrayOutputStream()));
  }

  private static CommandLine.Model.CommandSpec mixin(GpuLayersOption option) {
    return CommandLine.Model.CommandSpec.forAnnotatedObject(option);
  }

  @Test
  void whatIsGivenIsWhatAModelIsLoadedWith() {
    assertThat(parsed().nGpuLayers()).isEqualTo(ModelOptions.defaults().nGpuLayers());
    assertThat(parsed("-ngl", "0").nGpuLayers()).isZero();
    assertThat(parsed("-ngl", "12").nGpuLayers()).isEqualTo(12);
    assertThat(parsed("--n-gpu-layers=3").nGpuLayers()).isEqualTo(3);
    assertThat(parsed("--gpu-layers", "all").nGpuLayers()).isEqualTo(GpuLayersOption.ALL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"generate", "chat", "logits", "embed", "eval", "imatrix", "bench", "quants"})
  void everyCommandThatLoadsAModelHasIt(String command) {
    assertThat(Cli.run(command, "--help").out()).contains("-ngl, --gpu-layers, --n-gpu-layers=N");
    Cli.Result wrong = Cli.run(command, "-ngl", "-1");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("gpu-layers", "expected a number").contains("'-1'");
  }

  @Test
  void withoutACardItIsSaidThatItHasNoEffect() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, Cli.TEXT);
    Path out = folder.resolve("out");
    String one = "--threads=1";
    List<List<String>> commands =
        List.of(
            List.of("generate", "-m", MODEL, one, "-n", "2", "The cat"),
            List.of("generate", "-m", MODEL, one, "-n", "2", "--beams", "2", "The cat"),
            List.of("logits", "-m", MODEL, one, "--tokens", "1,2", "-o", out.toString()),
            List.of("embed", "-m", MODEL, one, "The cat"),
            List.of("eval", "-m", MODEL, one, "-f", "" + text, "--ctx", "16", "--chunks", "2"),
            List.of("imatrix", "-m", MODEL, one, "-f", "" + text, "--ctx", "16", "-o", out + "i"),
            List.of("bench", "-m", MODEL, one, "-p", "4", "-n", "2", "-r", "1", "--no-warmup"));
    for (List<String> command : commands) {
      for (String layers : List.of("99", "0")) {
        String[] args = new ArrayList<>(command).toArray(new String[command.size() + 2]);
        args[command.size()] = "-ngl";
        args[command.size() + 1] = layers;
        Cli.Result result = Cli.run(args);
        assertThat(result.code()).as(command + ": " + result.err()).isZero();
        assertThat(result.err().contains(NOTE))
            .as(command + " " + layers)
            .isEqualTo(!CARD && layers.equals("99"));
      }
    }
  }

  @Test
  void withoutTheOptionNothingIsSaid() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ModelOptions options = ModelOptions.defaults();
    PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
    assertThat(new GpuLayersOption().apply(options, to)).isSameAs(options);
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
  }
}
