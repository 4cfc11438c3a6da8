package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreTokenizerTest {
  /** Spaces are written _, line breaks ~, and words are separated by |. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "gpt-2,     Hello_world,       Hello|_world",
        "gpt-2,     a___b,             a|__|_b",
        "gpt-2,     a___,              a|___",
        "gpt-2,     we'll_I'LL,        we|'ll|_I|'|LL",
        "gpt-2,     x_123_4!?a,        x|_123|_4|!?|a",
        "gpt-2,     a~~b,              a|~|~|b",
        "gpt-2,     é_½٣,              é|_½٣",
        "llama-bpe, we'll_I'LL,        we|'ll|_I|'LL",
        "llama-bpe, 1234567_89,        123|456|7|_|89",
        "llama-bpe, a!!~~b,            a|!!~~|b",
        "llama-bpe, a_~_~b,            a|_~_~|b",
        "llama-bpe, (foo__bar,         (foo|_|_bar",
        "llama-bpe, ~foo,              ~|foo",
        "qwen2,     a123,              a|1|2|3",
        "qwen2,     x__1,              x|_|_|1",
        "smollm,    a_12b,             a|_|1|2|b",
        "smollm,    it's_½,            it|'s|_|½",
        "default,   a+b!c_12345,       a|+|b|!|c|_|123|45",
        "default,   `x`_=,             `|x|`|_|=",
        "falcon,    `x`12345,          `|x|`|123|45"
      })
  void cutsIntoWords(String pre, String text, String expected) {
    assertThat(String.join("|", words(pre, plain(text)))).isEqualTo(plain(expected));
  }

  private static String plain(String s) {
    return s.replace('_', ' ').replace('~', '\n');
  }

  private static List<String> words(String pre, String text) {
    byte[] s = text.getBytes(StandardCharsets.UTF_8);
    List<String> out = new ArrayList<>();
    PreTokenizers.of(pre)
        .words()
        .split(
            s,
            0,
            s.length,
            (b, from, to) -> out.add(new String(b, from, to - from, StandardCharsets.UTF_8)));
    return out;
  }

  @Test
  void refusesUnknownNames() {
    assertThatThrownBy(() -> PreTokenizers.of("gpt-17"))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("gpt-17")
        .hasMessageContaining("llama-bpe");
  }

  /** Sizes of the classes in Unicode 15.1, so that no JDK's newer tables change tokens. */
  @Test
  void classesAreThoseOfUnicode151() {
    int[] counts = new int[CharClass.COUNT];
    for (int cp = 0; cp <= Character.MAX_CODE_POINT; cp++) {
      counts[Integer.numberOfTrailingZeros(CharClass.of(cp))]++;
    }
    assertThat(counts).containsExactly(136726, 1831, 25, 842, 7775, 2450, 139745, 824718);
    assertThat(CharClass.of(0x378)).isEqualTo(CharClass.UNASSIGNED);
    assertThat(CharClass.of(0x1C89))
        .as("a letter since Unicode 16")
        .isEqualTo(CharClass.UNASSIGNED);
    assertThat(CharClass.of(0x2EBF0)).as("a letter since 15.1").isEqualTo(CharClass.LETTER);
  }
}
