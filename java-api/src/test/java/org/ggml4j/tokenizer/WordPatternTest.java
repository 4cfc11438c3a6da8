package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WordPatternTest {
  private static List<String> words(PreTokenizer words, String text) {
    byte[] s = text.getBytes(StandardCharsets.UTF_8);
    List<String> out = new ArrayList<>();
    words.split(
        s,
        0,
        s.length,
        (b, from, to) -> out.add(new String(b, from, to - from, StandardCharsets.UTF_8)));
    return out;
  }

  /** What a backtracking engine finds, and the text between. */
  private static List<String> wordsByBacktracking(String pattern, String text) {
    List<String> out = new ArrayList<>();
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    int at = 0;
    while (matcher.find()) {
      if (matcher.start() > at) {
        out.add(text.substring(at, matcher.start()));
      }
      if (matcher.end() > matcher.start()) {
        out.add(matcher.group());
      }
      at = matcher.end();
    }
    if (at < text.length()) {
      out.add(text.substring(at));
    }
    return out;
  }

  @Provide
  Arbitrary<String> patterns() {
    Set<String> all = new LinkedHashSet<>();
    for (String name : PreTokenizers.names()) {
      all.addAll(PreTokenizers.of(name).patterns());
    }
    all.remove(Patterns.DIGIT_GROUPS);
    all.addAll(List.of("a|ab", "(a|ab)(c|bcd)", "a*ab?", "(?:a?b)*c{2,3}", "x{0,2}y+(?!\\S)"));
    return Arbitraries.of(all);
  }

  /** In ASCII, Java's engine and llama.cpp's agree on every class. */
  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> common =
        Arbitraries.of(
            " ",
            "  ",
            "\n",
            "\r\n",
            "\t",
            "'",
            "'s",
            "'LL",
            "'Re",
            "a",
            "b",
            "c",
            "ab",
            "aB",
            "AB",
            "x",
            "y",
            "1",
            "12",
            "123",
            "1234567",
            ".",
            "!?",
            "$",
            "+",
            "/",
            "_",
            "<sentinel:7>",
            "IMGIMGABZ",
            "(",
            "`");
    Arbitrary<String> any = Arbitraries.strings().withCharRange('\u0001', '\u007E').ofMaxLength(3);
    return Arbitraries.oneOf(common, common, any)
        .list()
        .ofMaxSize(16)
        .map(parts -> String.join("", parts));
  }

  @Property
  void matchesAsABacktrackingEngineDoes(
      @ForAll("patterns") String pattern, @ForAll("texts") String text) {
    PreTokenizer words = PreTokenizers.compile(pattern);
    assertThat(words(words, text)).isEqualTo(wordsByBacktracking(pattern, text));
  }

  @Test
  void whiteSpaceOutsideAsciiIsInNoRange() {
    PreTokenizer words = WordPattern.of("[\u2000-\u3002]+");
    assertThat(words(words, "\u3001\u3000\u3002")).containsExactly("\u3001", "\u3000", "\u3002");
    assertThat(words(WordPattern.of("[^\\s]+"), "a\u3000\u0085b"))
        .containsExactly("a", "\u3000\u0085", "b");
  }

  /** As in llama.cpp, the text before a number stays with its first group. */
  @ParameterizedTest
  @CsvSource({
    "1234567,        1|234|567",
    "123,            123",
    "abc,            abc",
    "ab12cd3456-,    ab12|cd3|456|-",
    "\u0663\u0664\u0665\u0666, \u0663|\u0664\u0665\u0666"
  })
  void groupsDigitsFromTheRight(String text, String expected) {
    assertThat(String.join("|", words(PreTokenizers.compile(Patterns.DIGIT_GROUPS), text)))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"(a", "[a", "a)", "a{x}", "[b-a]", "\\q", "\\p{X}", "\\", "a{1"})
  void refusesWhatItCannotRead(String pattern) {
    assertThatThrownBy(() -> WordPattern.of(pattern))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected");
  }
}
