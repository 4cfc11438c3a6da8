package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufValueType;
import org.junit.jupiter.api.Test;

class EmbeddedModelTest {
  @Test
  void tellsAStoryOfAHundredTokens() {
    Cli.Result result =
        Cli.run(
            "generate", "--temp", "0", "-n", "100", "--json", "--threads", "1", "Once upon a time");
    assertThat(result.code()).as(result.err()).isZero();
    var last = result.json().get(result.json().size() - 1);
    assertThat((Integer) last.get("generated_tokens")).isEqualTo(100);
    assertThat((String) last.get("text")).contains(" the ", ". ");
  }

  @Test
  void isPutIntoTheCacheOnce() throws IOException {
    Path file = EmbeddedModel.file();
    assertThat(file.getFileName().toString()).matches("tiny-stories-[0-9a-f]{16}\\.gguf");
    assertThat(EmbeddedModel.index(Files.newInputStream(file))).contains(hash(file));
    var written = Files.getLastModifiedTime(file);
    assertThat(EmbeddedModel.file()).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(written);
    Files.writeString(file, "damaged"); // of another size: it is made anew
    assertThat(EmbeddedModel.index(Files.newInputStream(EmbeddedModel.file())))
        .contains(hash(file));
  }

  /** llama.cpp takes no other type for them. */
  @Test
  void itsTokenIdsAreUnsigned() throws IOException {
    try (GgufFile file = GgufFile.open(EmbeddedModel.file())) {
      assertThat(file.metadata().type("tokenizer.ggml.bos_token_id"))
          .isEqualTo(GgufValueType.UINT32);
      assertThat(file.metadata().type("tokenizer.ggml.eos_token_id"))
          .isEqualTo(GgufValueType.UINT32);
    }
  }

  private static String hash(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(name.lastIndexOf('-') + 1, name.lastIndexOf('.'));
  }
}
