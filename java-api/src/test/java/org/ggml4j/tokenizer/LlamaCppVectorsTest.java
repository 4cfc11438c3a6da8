package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * llama.cpp's own test vectors: vocabularies with strings and their tokens, from the pinned
 * release. The build says where they are in the system property {@code ggml4j.models.dir}.
 */
class LlamaCppVectorsTest {
  private static final String DIR = "ggml4j.models.dir";
  private static final List<String> SUPPORTED =
      List.of(
          "command-r",
          "falcon",
          "gpt-2",
          "llama-bpe",
          "llama-spm",
          "mpt",
          "phi-3",
          "qwen2",
          "refact",
          "starcoder");

  private static Path dir() {
    String dir = System.getProperty(DIR);
    assertThat(dir)
        .as(
            "system property %s: the models folder of the pinned llama.cpp release, which the"
                + " native module keeps in the user's cache",
            DIR)
        .isNotBlank();
    return Path.of(dir);
  }

  static List<String> supported() {
    return SUPPORTED;
  }

  @ParameterizedTest
  @MethodSource("supported")
  void givesTheTokensOfLlamaCpp(String name) throws IOException {
    Path vocab = dir().resolve("ggml-vocab-" + name + ".gguf");
    String[] inputs =
        Files.readString(vocab.resolveSibling(vocab.getFileName() + ".inp"))
            .split("\n__ggml_vocab_test__\n", -1);
    List<String> expected = Files.readAllLines(vocab.resolveSibling(vocab.getFileName() + ".out"));
    assertThat(expected).hasSizeGreaterThan(40).hasSizeLessThanOrEqualTo(inputs.length);
    try (GgufFile file = GgufFile.open(vocab)) {
      Tokenizer tokenizer = Tokenizer.of(file.metadata());
      for (int i = 0; i < expected.size(); i++) {
        int[] ids =
            Arrays.stream(expected.get(i).trim().split(" "))
                .filter(s -> !s.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
        assertThat(tokenizer.encode(inputs[i], EncodeOptions.plain()))
            .as("%s, string %d", name, i)
            .containsExactly(ids);
        assertThat(tokenizer.decode(ids)).isEqualTo(inputs[i]);
        assertThat(tokenizer.countTokens(inputs[i], EncodeOptions.plain())).isEqualTo(ids.length);
        checkPieces(tokenizer, inputs[i]);
      }
    }
  }

  private static void checkPieces(Tokenizer tokenizer, String text) {
    int at = 0;
    for (Piece piece : tokenizer.encodePieces(text, EncodeOptions.plain())) {
      assertThat(piece.start()).isLessThanOrEqualTo(at);
      assertThat(piece.end()).isGreaterThanOrEqualTo(at);
      String covered = text.substring(piece.start(), piece.end());
      byte[] printed = tokenizer.tokenBytes(piece.id(), true);
      String whole = new String(printed, StandardCharsets.UTF_8);
      if (!whole.contains("\uFFFD")) {
        assertThat(whole.stripLeading()).isEqualTo(covered.stripLeading());
      }
      at = piece.end();
    }
    assertThat(at).isEqualTo(text.length());
  }

  /** A vocabulary that becomes supported must join the list above. */
  @Test
  void refusesTheOthersByName() throws IOException {
    List<String> refused = new ArrayList<>();
    List<String> accepted = new ArrayList<>();
    try (Stream<Path> files = Files.list(dir())) {
      for (Path out : files.filter(p -> p.toString().endsWith(".gguf.out")).sorted().toList()) {
        String name = out.getFileName().toString().replace(".gguf.out", "");
        String label = name.replace("ggml-vocab-", "");
        try (GgufFile file = GgufFile.open(dir().resolve(name + ".gguf"))) {
          Tokenizer.of(file.metadata());
          accepted.add(label);
        } catch (UnsupportedModelException e) {
          assertThat(e.supported()).isNotEmpty().doesNotContain(e.found());
          refused.add(label);
        }
      }
    }
    assertThat(accepted).isEqualTo(SUPPORTED);
    assertThat(refused).isNotEmpty();
  }

  @Test
  void findsWhatEndsAnAnswer() throws IOException {
    try (GgufFile file = GgufFile.open(dir().resolve("ggml-vocab-llama-bpe.gguf"))) {
      Tokenizer llama = Tokenizer.of(file.metadata());
      assertThat(llama.special().endOfGeneration()).containsExactly(128001, 128009);
      assertThat(llama.special().bos()).hasValue(128000);
      assertThat(llama.encode("a")).startsWith(128000);
      int turn = llama.vocab().find("<|eot_id|>").orElseThrow();
      EncodeOptions parse = EncodeOptions.plain().withParseSpecial(true);
      assertThat(llama.encode("<|eot_id|>", parse)).containsExactly(turn);
      assertThat(llama.encode("<|eot_id|>", EncodeOptions.plain())).doesNotContain(turn);
    }
  }
}
