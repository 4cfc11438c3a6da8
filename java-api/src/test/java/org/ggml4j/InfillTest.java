package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gaps in texts. */
@NothingStaysOpen.Shared
class InfillTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(256).withThreads(1);
  private static final int PREFIX = WordModel.firstControl();
  private static final int SUFFIX = PREFIX + 1;
  private static final int MIDDLE = PREFIX + 2;
  private static final int[] FOX = {WordModel.word(" the"), WordModel.word(" fox")};
  private static final int[] RAN = {WordModel.word(" ran"), WordModel.word(".")};

  @TempDir static Path folder;
  private static Model model;

  @BeforeAll
  static void load() throws IOException {
    Path path = folder.resolve("infill.gguf");
    WordModel.content(
            TinyGguf.llama(), List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"))
        .write(path);
    model = Model.load(path);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static int[] concat(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  private static int[] of(int... tokens) {
    return tokens;
  }

  @Test
  void theOrderOfTheParts() {
    Infill gap = Infill.between("the fox", "ran.");
    int[] before = concat(of(PREFIX), FOX);
    int[] after = concat(of(SUFFIX), RAN);
    assertThat(gap.tokens(model.tokenizer(), true))
        .isEqualTo(concat(of(WordModel.BOS), before, after, of(MIDDLE)));
    assertThat(gap.tokens(model.tokenizer(), false)).isEqualTo(concat(before, after, of(MIDDLE)));
    assertThat(gap.withSuffixFirst(true).tokens(model.tokenizer(), true))
        .isEqualTo(concat(of(WordModel.BOS), after, before, of(MIDDLE)));
    assertThat(Infill.between("", "").tokens(model.tokenizer(), false))
        .containsExactly(PREFIX, SUFFIX, MIDDLE);
  }

  @Test
  void theTextOfAControlTokenIsPlainText() {
    int[] tokens = Infill.between("<|fim_middle|>", "</s>").tokens(model.tokenizer(), false);
    assertThat(IntStream.of(tokens).filter(t -> t >= PREFIX || t == WordModel.EOS))
        .containsExactly(PREFIX, SUFFIX, MIDDLE);
  }

  @Test
  void aGapIsFilledAsAfterThePromptOfItsTokens() {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(20);
    try (Session session = model.newSession(OPTIONS);
        Session plain = model.newSession(OPTIONS)) {
      int[] prompt = Infill.between("the fox", "ran.").tokens(model.tokenizer(), true);
      String expected = plain.generate(prompt, config).text();
      Generation filled = session.infill("the fox", "ran.", config);
      assertThat(filled.text()).isEqualTo(expected).isNotEmpty();
      assertThat(filled.stats().promptTokens()).isEqualTo(prompt.length);
      assertThat(session.tokens()).isEqualTo(plain.tokens()).startsWith(prompt);

      int size = session.tokens().length;
      Infill second = Infill.between("the", "ran").withSuffixFirst(true);
      session.infill(second, config).text();
      assertThat(Arrays.copyOfRange(session.tokens(), size, session.tokens().length))
          .startsWith(second.tokens(model.tokenizer(), false));
    }
  }

  @Test
  void aModelThatWasNotMadeForItIsRefused() throws IOException {
    Path path = folder.resolve("without.gguf");
    WordModel.content(TinyGguf.small(), List.of("<|fim_prefix|>")).write(path);
    try (Model other = Model.load(path);
        Session session = other.newSession(OPTIONS)) {
      assertThatThrownBy(() -> session.infill("a", "b", GenerationConfig.greedy()))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("FIM_SUFFIX (tokenizer.ggml.fim_suf_token_id), FIM_MIDDLE")
          .hasMessageNotContaining("FIM_PREFIX");
      assertThat(session.tokens()).isEmpty();
    }
  }
}
