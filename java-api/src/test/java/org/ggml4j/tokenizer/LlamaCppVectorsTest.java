package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * llama.cpp's own test vectors: vocabularies with strings and their tokens, from the pinned
 * release. The build says where they are in the system property {@code ggml4j.models.dir}.
 */
class LlamaCppVectorsTest {
  private static final String DIR = "ggml4j.models.dir";
  private static final String PREFIX = "ggml-vocab-";

  /** Vocabularies of tokenizers that change the text: BERT's drops white space and case. */
  private static final List<String> LOSSY = List.of("bert-bge");

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

  /** Every vocabulary that has vectors. */
  static List<String> withVectors() throws IOException {
    return names(".gguf.inp");
  }

  static List<String> all() throws IOException {
    return names(".gguf");
  }

  static Path file(String name) {
    return dir().resolve(PREFIX + name + ".gguf");
  }

  private static List<String> names(String ending) throws IOException {
    try (Stream<Path> files = Files.list(dir())) {
      return files
          .map(p -> p.getFileName().toString())
          .filter(name -> name.startsWith(PREFIX) && name.endsWith(ending))
          .map(name -> name.substring(PREFIX.length(), name.length() - ending.length()))
          .sorted()
          .toList();
    }
  }

  @Test
  void theReleaseHasTheVocabulariesThatTheDocumentationCounts() throws IOException {
    assertThat(all()).hasSize(19);
    assertThat(withVectors()).hasSize(15);
  }

  @ParameterizedTest
  @MethodSource("withVectors")
  void givesTheTokensOfLlamaCpp(String name) throws IOException {
    Path vocab = file(name);
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
        if (!LOSSY.contains(name)) {
          assertThat(tokenizer.decode(ids)).isEqualTo(inputs[i]);
        }
        assertThat(tokenizer.countTokens(inputs[i], EncodeOptions.plain())).isEqualTo(ids.length);
        checkPieces(tokenizer, inputs[i], !LOSSY.contains(name));
      }
    }
  }

  private static void checkPieces(Tokenizer tokenizer, String text, boolean sameText) {
    int at = 0;
    for (Piece piece : tokenizer.encodePieces(text, EncodeOptions.plain())) {
      assertThat(piece.start()).isLessThanOrEqualTo(at);
      assertThat(piece.end()).isGreaterThanOrEqualTo(at);
      String covered = text.substring(piece.start(), piece.end());
      byte[] printed = tokenizer.tokenBytes(piece.id(), true);
      String whole = new String(printed, StandardCharsets.UTF_8);
      if (sameText && !whole.contains("\uFFFD")) {
        assertThat(whole.stripLeading()).isEqualTo(covered.stripLeading());
      }
      at = piece.end();
    }
    // BERT's tokenizer gives white space no tokens at all.
    assertThat(at).isEqualTo(!sameText && text.isBlank() ? 0 : text.length());
  }

  @ParameterizedTest
  @MethodSource("all")
  void opensEveryVocabulary(String name) throws IOException {
    try (GgufFile file = GgufFile.open(file(name))) {
      Tokenizer tokenizer = Tokenizer.of(file.metadata());
      String text = "hello world";
      assertThat(tokenizer.decode(tokenizer.encode(text, EncodeOptions.plain())).strip())
          .isEqualTo(text);
    }
  }

  @Test
  void findsWhatEndsAnAnswer() throws IOException {
    try (GgufFile file = GgufFile.open(file("llama-bpe"))) {
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
