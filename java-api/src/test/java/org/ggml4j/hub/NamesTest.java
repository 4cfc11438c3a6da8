package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What models are called, and which names are refused. */
class NamesTest {
  @ParameterizedTest
  @CsvSource({
    "hf:o/r, hf:o/r",
    "HF:ggml-org/Qwen3-0.6B-GGUF:q8_0, hf:ggml-org/Qwen3-0.6B-GGUF:q8_0",
    "hf:o/r:sub/x-Q4_0.gguf, hf:o/r:sub/x-Q4_0.gguf",
    "https://huggingface.co/o/r, hf:o/r",
    "https://huggingface.co/o/r/, hf:o/r",
    "https://huggingface.co/o/r/blob/main/a/x.gguf, hf:o/r:a/x.gguf",
    "https://huggingface.co/o/r/resolve/main/x.gguf?download=true, hf:o/r:x.gguf",
    "https://huggingface.co/o/r/resolve/v2/x.gguf, https://huggingface.co/o/r/resolve/v2/x.gguf",
    "https://Example.org:8443/a/x.gguf?sig=secret#top, https://Example.org:8443/a/x.gguf",
  })
  void aNameIsReadAndWritten(String text, String expected) {
    assertThat(ModelName.of(text)).hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "model",
        "o/r",
        "hf:",
        "hf:o",
        "hf:o/",
        "hf:/r",
        "hf:o/r/s",
        "hf:../r",
        "hf:o/..",
        "hf:.o/r",
        "hf:o--p/r",
        "hf:o/r.",
        "hf:o/con",
        "hf:nul/r",
        "hf:o/r:",
        "hf:o/r:a b",
        "hf:o/r:../x.gguf",
        "hf:o/r:/x.gguf",
        "hf:o/r:a\\x.gguf",
        "hf:o/r:com1.gguf",
        "hf:o/r:.gguf",
        "http://",
        "https://h/x.bin",
        "https://h",
        "https://u:p@h/x.gguf",
        "https://h/a//x.gguf",
        "https://h/../x.gguf",
        "https://h/a/%2e%2e/x.gguf",
        "https://h/a%2fx.gguf",
        "https://h/a%5cx.gguf",
        "https://h/a%00x.gguf",
        "https://h/lpt1.gguf",
        "https://h/ x.gguf",
        "ftp://h/x.gguf",
      })
  void whatIsNoNameIsRefused(String text) {
    assertThatThrownBy(() -> ModelName.of(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        ".",
        "",
        "a/../b",
        "/a",
        "a/",
        "a\\b",
        "c:a",
        "NUL",
        "aux.gguf",
        "Com9.x",
        "a.",
        "a ",
        " a",
        "a\0b",
        "a\nb",
        "a\u202eb",
        "a|b",
        "a*",
        "COM\u00b9.gguf",
        ".hidden"
      })
  void aPathThatCouldDoHarmIsRefused(String path) {
    assertThat(SafeName.isSafe(path)).isFalse();
    assertThatThrownBy(() -> SafeName.resolve(Path.of("models"), path))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("is refused: ");
  }

  @Test
  void pathsHaveLimits() {
    assertThat(SafeName.isSafe("a".repeat(200))).isTrue();
    assertThat(SafeName.isSafe("\u00e4".repeat(101))).isFalse();
    assertThat(SafeName.isSafe("a/".repeat(15) + "a")).isTrue();
    assertThat(SafeName.isSafe("a/".repeat(16) + "a")).isFalse();
    assertThat(SafeName.isSafe("console.gguf/Modell-\u00fc+1 (2).gguf")).isTrue();
    assertThat(SafeName.printable("a\u001b[31m\n" + "x".repeat(300)))
        .startsWith("a?[31m?xxx")
        .endsWith("...")
        .hasSize(163);
  }

  @ParameterizedTest
  @CsvSource({
    "'', b-Q4_K_M.gguf",
    "Q4_K_M, b-Q4_K_M.gguf",
    "q4_k_m, b-Q4_K_M.gguf",
    "Q8_0, d.Q8_0.gguf",
    "UD-Q2_K_XL, sub/c-UD-Q2_K_XL-00001-of-00002.gguf",
    "F16, a-F16.gguf",
    "e.gguf, e.gguf",
    "sub/c-UD-Q2_K_XL-00002-of-00002.gguf, sub/c-UD-Q2_K_XL-00001-of-00002.gguf",
    "mmproj-Q4_K_M.gguf, mmproj-Q4_K_M.gguf",
    "Q5_K_M, none",
    "Q4_K, none",
    "x.gguf, none",
  })
  void theFileThatIsMeantIsChosen(String choice, String expected) {
    List<String> paths =
        List.of(
            "README.md",
            "a-F16.gguf",
            "mmproj-Q4_K_M.gguf",
            "imatrix-Q4_K_M.gguf",
            "b-Q4_K_M.gguf",
            "d.Q8_0.gguf",
            "e.gguf",
            "sub/c-UD-Q2_K_XL-00001-of-00002.gguf",
            "sub/c-UD-Q2_K_XL-00002-of-00002.gguf");
    Optional<String> asked = choice.isEmpty() ? Optional.empty() : Optional.of(choice);
    assertThat(FileChoice.choose(paths, asked).orElse("none")).isEqualTo(expected);
  }

  @Test
  void withoutTheUsualLevelTheNextIsTaken() {
    assertThat(FileChoice.choose(List.of("a-Q2_K.gguf", "b-q8_0.gguf"), Optional.empty()))
        .hasValue("b-q8_0.gguf");
    assertThat(FileChoice.choose(List.of("x.txt", "a-Q2_K.gguf", "b.gguf"), Optional.empty()))
        .hasValue("a-Q2_K.gguf");
    assertThat(FileChoice.choose(List.of("x.txt", "mmproj-F16.gguf"), Optional.empty())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "x-Q4_K_M.gguf, Q4_K_M",
    "x.q8_0.gguf, Q8_0",
    "x-UD-IQ2_XXS-00001-of-00003.gguf, IQ2_XXS",
    "x-bf16.gguf, BF16",
    "x-MXFP4_MOE.gguf, MXFP4_MOE",
    "x-TQ1_0.gguf, TQ1_0",
    "Qwen3-0.6B.gguf, none",
    "x-instruct.gguf, none",
    "fish-face.gguf, none",
  })
  void theLevelIsReadFromTheName(String path, String expected) {
    assertThat(FileChoice.level(path).orElse("none")).isEqualTo(expected);
  }
}
