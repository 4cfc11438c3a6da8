package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufValueType;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTest {
  @Test
  void learnsTheMostFrequentPairFirst() {
    // "lo" occurs 4 times; then " lo" and "low" 3 times, and the space has the smaller id
    TrainedVocabulary v = BpeTrainer.of(BpeTrainerOptions.of(260)).add("low low low lot").train();
    assertThat(v.merges()).containsExactly("l o", "Ġ lo", "Ġlo w");
    assertThat(v.tokens()).hasSize(259).contains("Ġlow");
  }

  @Test
  void breaksTiesByTheSmallerIds() {
    TrainedVocabulary v = BpeTrainer.of(BpeTrainerOptions.of(258)).add("dc\nba\ndc\nba\n").train();
    assertThat(v.merges()).containsExactly("b a", "d c");
  }

  @Test
  void countsOverlapsAsJoined() {
    TrainedVocabulary v =
        BpeTrainer.of(BpeTrainerOptions.of(300).withMinFrequency(1)).add("aaaa").train();
    assertThat(v.merges()).containsExactly("a a", "aa aa");
    assertThat(v.tokenizer().encode("aaaa", EncodeOptions.plain())).containsExactly(257);
  }

  @Test
  void stopsBelowTheMinimumFrequency() {
    BpeTrainerOptions options = BpeTrainerOptions.of(1000).withMinFrequency(3);
    assertThat(BpeTrainer.of(options).add("ab ab cd cd cd").train().merges())
        .containsExactly("Ġ c", "Ġc d");
    assertThat(BpeTrainer.of(options).train().merges()).isEmpty();
    assertThat(BpeTrainer.of(options).train().tokenizer().decode(65, 66)).isEqualTo("AB");
  }

  @Test
  void specialTokensAreCutOutAndComeFirst() {
    BpeTrainerOptions options =
        BpeTrainerOptions.of(400)
            .withSpecialTokens(List.of("<s>", "</s>"), Optional.of("<s>"), Optional.empty(), true);
    TrainedVocabulary v = BpeTrainer.of(options).add("<s>ab</s><s>ab</s>").train();
    assertThat(v.merges()).containsExactly("a b");
    Tokenizer tokenizer = v.tokenizer();
    assertThat(tokenizer.encode("ab</s>", EncodeOptions.defaults().withParseSpecial(true)))
        .containsExactly(0, 258, 1);
    assertThat(tokenizer.special().bos()).hasValue(0);
    assertThat(tokenizer.vocab().type(1)).isEqualTo(TokenType.CONTROL);
  }

  @Test
  void neverLearnsTheTextOfASpecialToken() {
    // A learnt " ab" would be stored as Ġab, which is taken.
    BpeTrainerOptions options =
        BpeTrainerOptions.of(400)
            .withSpecialTokens(List.of("Ġab"), Optional.empty(), Optional.empty(), false);
    TrainedVocabulary v = BpeTrainer.of(options).add(" ab ab ab ab").train();
    assertThat(v.tokens()).doesNotHaveDuplicates();
    assertThat(v.merges()).doesNotContain("Ġ ab", "Ġa b");
    assertThat(v.tokenizer().decode(v.tokenizer().encode(" ab"))).isEqualTo(" ab");
  }

  @Test
  void givesTheSameVocabularyEachTime() {
    TrainedVocabulary a = Vocabularies.trained("llama-bpe");
    TrainedVocabulary b = Vocabularies.trained("llama-bpe");
    assertThat(a.tokens()).isEqualTo(b.tokens()).doesNotHaveDuplicates();
    assertThat(a.merges()).isEqualTo(b.merges());
  }

  @Test
  void tellsItsProgress() {
    List<Integer> sizes = new ArrayList<>();
    BpeTrainer.of(BpeTrainerOptions.of(259))
        .add(Vocabularies.TEXT)
        .train(
            (tokens, wanted) -> {
              assertThat(wanted).isEqualTo(259);
              sizes.add(tokens);
            });
    assertThat(sizes).containsExactly(257, 258, 259);
  }

  @Test
  void survivesAFile(@TempDir Path dir) throws IOException {
    TrainedVocabulary v = Vocabularies.trained("smollm");
    GgufWriter writer = GgufWriter.create().putString("general.architecture", "llama");
    v.writeTo(writer);
    Path path = dir.resolve("vocab.gguf");
    writer.write(path);
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.metadata().type("tokenizer.ggml.bos_token_id"))
          .as("llama.cpp reads ids as unsigned")
          .isEqualTo(GgufValueType.UINT32);
      Tokenizer read = Tokenizer.of(file.metadata());
      assertThat(read.encode(Vocabularies.TEXT)).isEqualTo(v.tokenizer().encode(Vocabularies.TEXT));
      assertThat(read.encode("")).containsExactly(0);
      assertThat(read.special().eos()).hasValue(2);
    }
  }

  @Test
  void refusesOptionsThatDoNotFit() {
    assertThatThrownBy(() -> BpeTrainerOptions.of(255))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("256");
    BpeTrainerOptions options = BpeTrainerOptions.of(500);
    assertThatThrownBy(() -> options.withMinFrequency(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.withPreTokenizer("none"))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("none");
    assertThatThrownBy(
            () ->
                options.withSpecialTokens(
                    List.of("<a>"), Optional.of("<b>"), Optional.empty(), false))
        .hasMessageContaining("<b>");
    assertThatThrownBy(
            () ->
                options.withSpecialTokens(
                    List.of("<a>", "<a>"), Optional.empty(), Optional.empty(), false))
        .hasMessageContaining("twice");
    assertThatThrownBy(
            () -> options.withSpecialTokens(List.of(), Optional.empty(), Optional.empty(), true))
        .hasMessageContaining("addBos");
  }
}
