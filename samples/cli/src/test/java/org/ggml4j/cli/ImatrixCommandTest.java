package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ggml4j.cli.stories.StoryGenerator;
import org.ggml4j.quantize.ImportanceMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImatrixCommandTest {
  @TempDir Path folder;

  @Test
  void whatIsCollectedServesTheLevelsThatNeedIt() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(
        text, String.join("\n\n", new StoryGenerator(3, 5).stream().limit(12).toList()));
    Path matrix = folder.resolve("matrix.gguf");
    Cli.Result result =
        Cli.run(
            "imatrix",
            "-f",
            text.toString(),
            "-o",
            matrix.toString(),
            "--ctx",
            "64",
            "--chunks",
            "3",
            "--threads",
            "1");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).contains("28 matrices, 3 chunks of 64 tokens");
    assertThat(ImportanceMatrix.read(matrix).counts("blk.3.ffn_down.weight")).containsExactly(192);

    Path small = folder.resolve("small.gguf");
    Cli.Result quantized =
        Cli.run(
            "quantize",
            EmbeddedModel.file().toString(),
            "IQ2_S",
            "--allow-requantize",
            "--imatrix",
            matrix.toString(),
            "-o",
            small.toString());
    assertThat(quantized.code()).as(quantized.err()).isZero();
    assertThat(small).isNotEmptyFile();
  }

  @Test
  void aTextThatIsTooShortIsRefused() throws IOException {
    Path text = folder.resolve("brief.txt");
    Files.writeString(text, "Once upon a time.");
    Path matrix = folder.resolve("none.gguf");
    Cli.Result result = Cli.run("imatrix", "-f", text.toString(), "-o", matrix.toString());
    assertThat(result.code()).isEqualTo(Errors.USAGE);
    assertThat(result.err()).contains("two chunks");
    assertThat(matrix).doesNotExist();
  }
}
