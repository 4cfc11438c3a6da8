package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SequenceBreakersTest {
  private static final List<String> WORDS =
      List.of("a", "b", "ab", "ba", "aab", "x: y", ":", "é", " y", "<end>");

  /** Encodes each character as a token of its own. */
  private static final SamplerVocab VOCAB =
      new SamplerVocab() {
        @Override
        public int size() {
          return WORDS.size();
        }

        @Override
        public byte[] word(int token) {
          return WORDS.get(token).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public byte[] piece(int token) {
          return isEndOfGeneration(token) ? new byte[0] : word(token);
        }

        @Override
        public int[] encode(String text) {
          return text.chars().map(c -> WORDS.indexOf(Character.toString(c))).toArray();
        }

        @Override
        public boolean isEndOfGeneration(int token) {
          return token == 9;
        }

        @Override
        public int[] endOfGeneration() {
          return new int[] {9};
        }

        @Override
        public int[] suppressed() {
          return new int[0];
        }

        @Override
        public OptionalInt endToken() {
          return OptionalInt.empty();
        }
      };

  private static List<String> tails(SequenceBreakers breakers, int token) {
    return Stream.of(breakers.tails(token)).map(Arrays::toString).toList();
  }

  @Test
  void aTokenThatContainsTheTextBreaksAlone() {
    SequenceBreakers breakers = SequenceBreakers.of(List.of(":"), VOCAB);
    assertThat(breakers.breaksAlone(5)).isTrue();
    assertThat(breakers.breaksAlone(6)).isTrue();
    assertThat(breakers.breaksAlone(0)).isFalse();
    assertThat(breakers.tails(0)).isEmpty();
  }

  @Test
  void aTokenThatEndsWithTheBeginningBreaksWithTheRest() {
    SequenceBreakers breakers = SequenceBreakers.of(List.of("abb"), VOCAB);
    assertThat(tails(breakers, 0)).containsExactly("[1, 1]");
    assertThat(tails(breakers, 2)).containsExactly("[1]");
    assertThat(tails(breakers, 3)).containsExactly("[1, 1]");
    assertThat(tails(breakers, 4)).containsExactly("[1]");
    assertThat(tails(breakers, 1)).isEmpty();
    assertThat(breakers.breaksAlone(2)).isFalse();
  }

  @Test
  void severalOverlapsAndSeveralTextsAreSeveralTails() {
    SequenceBreakers breakers = SequenceBreakers.of(List.of("aab", "ab", "ab"), VOCAB);
    assertThat(tails(breakers, 0)).containsExactly("[0, 1]", "[1]");
    assertThat(tails(breakers, 2)).containsExactly("[]");
  }

  @Test
  void longTextsAreCutAndTheirTailsToo() {
    SequenceBreakers breakers = SequenceBreakers.of(List.of("b" + "a".repeat(60)), VOCAB);
    assertThat(breakers.tails(1)[0]).hasSize(20).containsOnly(0);
  }

  @Test
  void aTextThatWouldBeCutWithinACharacterHasNoTail() {
    String odd = "b".repeat(39) + "é"; // the 40th byte is the first of two
    SequenceBreakers breakers = SequenceBreakers.of(List.of(odd), VOCAB);
    assertThat(breakers.tails(1)).isEmpty();
  }

  @Test
  void tokensMayBeGivenDirectly() {
    SequenceBreakers breakers =
        SequenceBreakers.ofTokens(List.of(new int[] {3}, new int[] {3, 4, 5}, new int[] {2, 2}));
    assertThat(tails(breakers, 3)).containsExactly("[]", "[4, 5]");
    assertThat(breakers.breaksAlone(3)).isTrue();
    assertThat(breakers.breaksAlone(2)).isFalse();
  }

  @Test
  void nothingBreaksNothing() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SequenceBreakers.of(List.of("a", ""), VOCAB));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SequenceBreakers.ofTokens(List.of(new int[0])));
    assertThat(SequenceBreakers.of(List.of(), VOCAB).tails(1)).isEmpty();
  }

  @Test
  void infillWithoutATokenToEndWithSaysSo() {
    Logits logits = Logits.of(1, 1, 1, 1, 1, 1, 1, 1, 1, -20);
    logits.keepIf((token, logit) -> token < 2 || token > 4); // none begins with another
    assertThatThrownBy(() -> Samplers.infill(VOCAB).process(logits))
        .isInstanceOf(InvalidLogitsException.class)
        .hasMessageContaining("none that ends a text");
  }
}
