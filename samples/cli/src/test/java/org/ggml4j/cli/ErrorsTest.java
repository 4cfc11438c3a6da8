package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.ggml4j.gguf.GgufWriter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorsTest {
  @TempDir private static Path folder;

  @BeforeAll
  static void files() throws IOException {
    Files.writeString(folder.resolve("text.gguf"), "This is a text.");
    Files.write(folder.resolve("empty.gguf"), new byte[0]);
    byte[] model = Files.readAllBytes(Cli.tinyModel());
    Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(model, model.length / 2));
    GgufWriter.create()
        .putString("general.architecture", "unheard-of")
        .write(folder.resolve("other.gguf"));
    GgufWriter.create()
        .putString("general.architecture", "llama")
        .write(folder.resolve("bare.gguf"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1 | generate -m @/missing.gguf hi | there is no file",
        "1 | generate -m @/text.gguf hi | no GGUF file",
        "1 | generate -m @/empty.gguf hi | magic number needs 4 bytes",
        "1 | generate -m @/cut.gguf hi | cut short or damaged",
        "1 | generate -m @/other.gguf hi | unsupported architecture: unheard-of; supported: afmoe,",
        "1 | generate -m @/bare.gguf hi | llama.embedding_length",
        "1 | generate -m @ hi | not a regular file",
        "1 | generate -m MODEL --ctx 4 The_cat_sat_on_the_mat_and_the_dog | context",
        "2 | generate -m MODEL --temp hot hi | 'hot' is not a float",
        "2 | generate -m MODEL --temp -1 hi | temperature: expected 0 or more",
        "2 | generate -m MODEL --top-p 2 hi | topP: expected 0 to 1",
        "2 | generate -m MODEL --top-k -2 hi | topK: expected 0 or more",
        "2 | generate -m MODEL --min-p NaN hi | minP: expected 0 to 1",
        "2 | generate -m MODEL -n 0 hi | maxTokens: expected 1 or more",
        "2 | generate -m MODEL --ctx -5 hi | nCtx: expected 0 or more",
        "2 | generate -m MODEL --threads -1 hi | threads: expected 0 or more",
        "2 | generate -m MODEL --kv-type Q3_K hi | expected one of [F32, F16",
        "2 | generate -m MODEL --kv-type Q8_0 --flash-attn off hi | needs flash attention",
        "2 | generate -m MODEL --flash-attn maybe hi | expected on or off, found 'maybe'",
        "2 | generate -m MODEL --bogus hi | Unknown option: '--bogus'",
        "2 | generate -m MODEL one two | Unmatched argument",
        "2 | generat hi | Unmatched argument",
        "1 | logits -m MODEL --tokens 1,-7 -o @/x.f32 | found -7",
        "1 | logits -m MODEL --tokens 1 -o @/no/x.f32 | there is no folder",
        "1 | logits -m MODEL --tokens 1 -o @ | is a folder",
        "2 | logits -m MODEL --tokens 1,x -o @/x.f32 | 'x' is not an int",
        "2 | logits -m MODEL -o @/x.f32 | Missing required option: '--tokens=ID",
        "1 | tokenize -m MODEL -f @/missing.txt | there is no file",
        "2 | tokenize -m MODEL -f @/text.gguf text | either TEXT or --file",
        "1 | tokenize -m @/bare.gguf hi | tokenizer.ggml.model",
        "1 | inspect @/text.gguf | no GGUF file",
        "2 | inspect | Missing required parameter: 'MODEL'",
        "2 | train -o @/x.gguf | Missing required argument",
        "2 | train --recipe bread -o @/x.gguf | expected tiny-stories, found 'bread'",
        "1 | train --text @/missing.txt -o @/x.gguf | there is no file",
        "2 | train --text @/text.gguf -o @/x.gguf | expected at least 512 tokens",
        "2 | train --text @/text.gguf -o @/x.gguf --type Q4_K | expected one of",
        "2 | train --text @/text.gguf -o @/x.gguf --embd 100 | multiple of twice --heads",
        "2 | train --text @/text.gguf -o @/x.gguf --steps 0 | steps: expected 1 or more",
        "2 | train --text @/text.gguf -o @/x.gguf --resume | there is no checkpoint",
        "1 | train --text @/text.gguf -o @/no/x.gguf | there is no folder",
      })
  void isOneLineAndAnExitCode(int code, String command, String expected) {
    String[] args =
        command
            .replace("@", folder.toString())
            .replace("MODEL", Cli.tinyModel().toString())
            .split(" ");
    Cli.Result result = Cli.run(args);
    assertThat(result.err()).contains(expected).startsWith("ggml4j: ").endsWith("\n");
    assertThat(result.err().lines()).as(result.err()).hasSize(1);
    assertThat(result.err()).doesNotContain("\tat ", "Exception");
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
    assertThat(folder.resolve("x.gguf")).doesNotExist();
    assertThat(folder.resolve("x.f32")).doesNotExist();
  }

  @Test
  void verboseShowsWhereItHappened() {
    Cli.Result result = Cli.run("inspect", "--verbose", folder.resolve("text.gguf").toString());
    assertThat(result.err()).contains("GgufFormatException", "\tat org.ggml4j.");
    assertThat(result.code()).isEqualTo(1);
  }
}
