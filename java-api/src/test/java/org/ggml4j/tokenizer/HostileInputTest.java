package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.ggml4j.gguf.GgufFormatException;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostileInputTest {
  private static final int SIZE = 1 << 20;
  private static final EncodeOptions PLAIN = EncodeOptions.plain();

  // A quadratic algorithm takes many minutes for this, a linear one well under a second.
  private static final Duration GENEROUS = Duration.ofSeconds(30);

  @ParameterizedTest
  @ValueSource(strings = {"a", " ", "1", "\n", "'", "é", "日", "ab", "\u0000", "\ud800", "<|"})
  void takesLinearTime(String unit) throws GgufFormatException {
    String text = unit.repeat(SIZE / unit.length());
    for (String pre : List.of("gpt-2", "llama-bpe", "smollm")) {
      BpeTrainerOptions options = BpeTrainerOptions.of(300).withPreTokenizer(pre);
      Tokenizer tokenizer =
          BpeTrainer.of(options).add("a".repeat(64) + " ".repeat(64)).train().tokenizer();
      Assertions.assertTimeout(GENEROUS, () -> check(tokenizer, text));
    }
    Tokenizer pieces =
        Vocabularies.of(
            Vocabularies.sentencePiece(
                Map.of("▁", -9f, "a", -8f, "aa", -2f, "aaaa", -1f, "▁▁", -3f, "▁▁▁▁", -4f)));
    Assertions.assertTimeout(GENEROUS, () -> check(pieces, text));
  }

  private static void check(Tokenizer tokenizer, String text) {
    int[] ids = tokenizer.encode(text, PLAIN);
    assertThat(tokenizer.decode(ids).equals(text.replace('\ud800', '\uFFFD'))).isTrue();
  }

  @Test
  void overlappingAddedTokensTakeLinearTime() throws GgufFormatException {
    Map<String, TokenType> runs = new java.util.LinkedHashMap<>();
    for (int n = 2; n <= 31; n++) {
      runs.put(" ".repeat(n), TokenType.USER_DEFINED);
    }
    Tokenizer tokenizer = Vocabularies.of(Vocabularies.bytePair(List.of(), runs));
    int[] ids =
        Assertions.assertTimeout(GENEROUS, () -> tokenizer.encode(" ".repeat(31 * 30_000 + 5)));
    assertThat(ids).hasSize(30_001);
    assertThat(tokenizer.vocab().text(ids[30_000])).isEqualTo(" ".repeat(5));
  }

  @Test
  void loneSurrogatesBecomeReplacementCharacters() {
    Tokenizer tokenizer = Vocabularies.trained("gpt-2").tokenizer();
    assertThat(tokenizer.encode("a\ud83eb\udd8a", PLAIN))
        .isEqualTo(tokenizer.encode("a\uFFFDb\uFFFD", PLAIN));
    assertThat(tokenizer.encode(new StringBuilder("x🦊"), PLAIN))
        .isEqualTo(tokenizer.encode("x🦊", PLAIN));
  }

  @Test
  void threadsShareATokenizer() {
    Tokenizer tokenizer = Vocabularies.trained("qwen2").tokenizer();
    int[] alone = tokenizer.encode(Vocabularies.TEXT);
    boolean same =
        IntStream.range(0, 400)
            .parallel()
            .allMatch(
                i -> {
                  // Other words push each other out of the shared cache meanwhile.
                  tokenizer.encode("w" + i * 7919 + Vocabularies.TEXT.substring(i % 50));
                  return java.util.Arrays.equals(alone, tokenizer.encode(Vocabularies.TEXT));
                });
    assertThat(same).isTrue();
  }

  @Test
  void incrementalDecoderRefusesToTidy() {
    Tokenizer tokenizer = Vocabularies.trained("gpt-2").tokenizer();
    DecodeOptions tidy = DecodeOptions.defaults().withCleanSpaces(true);
    assertThatThrownBy(() -> tokenizer.incrementalDecoder(tidy))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cleanSpaces");
  }
}
