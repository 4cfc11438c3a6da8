package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Hard strings, with the tokens that llama.cpp v0.5.0 gives them, for every vocabulary of its
 * release, every pre-tokenizer that it knows and every kind of tokenizer. {@link ReferenceRecorder}
 * has recorded digests of them.
 */
class RecordedTokensTest {
  private static final List<String> TEXTS = ReferenceCases.texts();
  private static final List<String> FEWER_TEXTS = ReferenceCases.fewerTexts();
  private static final EncodeOptions PLAIN = EncodeOptions.plain();

  /** By name: the digest of all strings, and for vocabularies of the release that of each. */
  private static final Map<String, String[]> RECORDED = new LinkedHashMap<>();

  @BeforeAll
  static void read() throws IOException {
    try (InputStream in = RecordedTokensTest.class.getResourceAsStream(ReferenceCases.RESOURCE)) {
      String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      all.lines().map(line -> line.split("\t")).forEach(line -> RECORDED.put(line[0], line));
    }
  }

  private static ReferenceCases.Digests digests(Tokenizer tokenizer, List<String> texts) {
    EncodeOptions special = PLAIN.withParseSpecial(true);
    return new ReferenceCases.Digests(
        texts.stream().map(t -> tokenizer.encode(t, PLAIN)).toList(),
        texts.stream().map(t -> tokenizer.encode(t, special)).toList());
  }

  static List<String> released() throws IOException {
    return LlamaCppVectorsTest.all();
  }

  @ParameterizedTest
  @MethodSource("released")
  void vocabulariesOfTheRelease(String name) throws IOException {
    try (GgufFile file = GgufFile.open(LlamaCppVectorsTest.file(name))) {
      ReferenceCases.Digests digests = digests(Tokenizer.of(file.metadata()), TEXTS);
      String[] recorded = RECORDED.get(LlamaCppVectorsTest.file(name).getFileName().toString());
      assertThat(digests.differing(recorded[2]).stream().map(TEXTS::get))
          .as("strings with other tokens than llama.cpp's, with %s", name)
          .isEmpty();
      assertThat(digests.all()).as("%s, all strings", name).isEqualTo(recorded[1]);
    }
  }

  @TestFactory
  Stream<DynamicTest> preTokenizersAndKinds() {
    return SyntheticVocabularies.all().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getKey(), e.getValue())));
  }

  private static void check(String name, GgufMetadata metadata) throws GgufFormatException {
    assertThat(digests(Tokenizer.of(metadata), FEWER_TEXTS).all())
        .as("tokens of all strings, %s", name)
        .isEqualTo(RECORDED.get(name)[1]);
  }

  @Test
  void nothingRecordedIsLeftOut() throws IOException {
    assertThat(TEXTS).hasSizeGreaterThanOrEqualTo(2_000).doesNotHaveDuplicates();
    assertThat(RECORDED)
        .hasSize(LlamaCppVectorsTest.all().size() + SyntheticVocabularies.all().size());
  }
}
