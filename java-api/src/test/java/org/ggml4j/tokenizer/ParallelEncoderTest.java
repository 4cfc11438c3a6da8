package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What several threads encode is what one does. */
class ParallelEncoderTest {
  private static final EncodeOptions ONE = EncodeOptions.defaults().withParseSpecial(true);

  static Stream<Tokenizer> tokenizers() throws GgufFormatException {
    Tokenizer pieces =
        Vocabularies.of(
            Vocabularies.sentencePiece(
                Map.of("▁", -9f, "a", -8f, "th", -2f, "he", -1f, "▁▁", -3f, "▁t", -4f, "e▁", -5f)));
    return Stream.concat(
        Stream.of("gpt-2", "llama-bpe", "qwen2", "smollm", "deepseek-llm", "superbpe", "tekken")
            .map(pre -> Vocabularies.trained(pre).tokenizer()),
        Stream.of(pieces));
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void givesTheSameTokensAndRanges(Tokenizer tokenizer) {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 4; i++) {
      String text = text(random, 3 * ParallelEncoder.MIN_PART + random.nextInt(100_000));
      List<Piece> pieces = tokenizer.encodePieces(text, ONE);
      for (int threads : new int[] {2, 3, 50}) {
        EncodeOptions several = ONE.withThreads(threads);
        assertThat(tokenizer.encode(text, several)).isEqualTo(tokenizer.encode(text, ONE));
        assertThat(tokenizer.encodePieces(text, several)).isEqualTo(pieces);
        assertThat(tokenizer.countTokens(text, several)).isEqualTo(pieces.size());
      }
    }
  }

  /** Words, lines, and long runs of one kind, in which no guess of a place to cut is right. */
  private static String text(SplittableRandom random, int size) {
    String[] parts = {
      "the other ",
      "fox's\n",
      "\n\n",
      "  ",
      "  \n  theme",
      "12345",
      "日本語",
      "é",
      "<|im_end|>",
      "\r\nthe",
      "🦊 "
    };
    StringBuilder text = new StringBuilder();
    while (text.length() < size) {
      String part = parts[random.nextInt(parts.length)];
      text.append(part.repeat(random.nextInt(500) == 0 ? random.nextInt(20_000) : 1));
    }
    return text.toString();
  }

  @Test
  void aPlaceInsideAWordIsNoPlaceToCut() throws GgufFormatException {
    // Nothing cuts between words here, so each guess is wrong.
    Tokenizer tokenizer =
        Vocabularies.of(Vocabularies.bytePair(List.of("a b", "ab a", "Ġ a"), Map.of()));
    String text = "ab aba".repeat(60_000);
    assertThat(tokenizer.encode(text, ONE.withThreads(4))).isEqualTo(tokenizer.encode(text, ONE));
  }

  @Test
  void refusesLessThanOneThread() {
    assertThatThrownBy(() -> EncodeOptions.plain().withThreads(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0");
  }
}
