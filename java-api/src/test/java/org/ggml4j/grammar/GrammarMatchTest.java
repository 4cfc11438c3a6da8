package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Which texts a grammar describes; the cases of llama.cpp's own tests are among them. */
class GrammarMatchTest {
  private record Case(String name, String grammar, List<String> good, List<String> bad) {}

  private static final String CALCULATION =
      """
      root ::= sum
      sum ::= product gap (("+"|"-") gap product)*
      product ::= atom gap (("*"|"/") gap atom)*
      atom ::= digits | name | "(" sum ")" | call
      digits ::= [0-9]+
      name ::= [a-zA-Z_][a-zA-Z0-9_]*
      call ::= name gap "(" (sum ("," gap sum)*)? ")"
      gap ::= [ \\t\\n\\r]?
      """;

  private static final List<Case> CASES =
      List.of(
          new Case(
              "sums without spaces",
              """
              root ::= sum
              sum ::= part ("+" part)*
              part ::= digits
              digits ::= [0-9]+\
              """,
              List.of("7", "1+2+3+4+5", "123+456"),
              List.of("", "+", "/ 3", "1+2+3+4+5+", "12a45")),
          new Case(
              "calculations",
              CALCULATION,
              List.of(
                  "42",
                  "1*2*3*4*5",
                  "x",
                  "x+10",
                  "x1+y2",
                  "(a+b)*(c-d)",
                  "f()",
                  "f(x,y+2)",
                  "a*(b+c)-d/e",
                  "f(g(x),h(y,z))",
                  "x + 10",
                  "(a + b) * (c - d)",
                  "f(x, y + 2)",
                  "f(g(x), h(y, z))",
                  "12*34-5/6+7".repeat(20)),
              List.of(
                  "+",
                  "/ 3x",
                  "x + + y",
                  "a * / b",
                  "f(,)",
                  "f(x y)",
                  "(a + b",
                  "x + y)",
                  "42 +",
                  "x + 10 +",
                  "f(",
                  "f(g(x), h(y, z)",
                  "12*34-5/6+7/")),
          new Case(
              "any characters around a word",
              "root ::= ... \"abc\" ...",
              List.of("abcabcabc", "aaaabcccc", "🔵🟠✅abc❌🟠🔵"),
              List.of(
                  "aaabcccc",
                  "aaaaabcccc",
                  "aaaabccc",
                  "aaaabccccc",
                  "🔵🟠abc🟠🔵",
                  "🔵🟠✅❌abc❌✅🟠🔵")),
          new Case(
              "any number",
              "root ::= \"a\"*",
              List.of("", "a", "aaaaa", "a".repeat(5000)),
              List.of("b", "ab", "aab", "ba", "a".repeat(60) + "b")),
          new Case(
              "one or more",
              "root ::= \"a\"+",
              List.of("a", "aaaaa", "a".repeat(60)),
              List.of("", "b", "ab", "ba")),
          new Case("at most one", "root ::= \"a\"?", List.of("", "a"), List.of("b", "ab", "aa")),
          new Case(
              "several repetitions",
              """
              root ::= cons+ vowel* cons? (vowel cons)*
              vowel ::= [aeiouy]
              cons ::= [bcdfghjklmnpqrstvwxyz]
              """,
              List.of("yes", "no", "noyes", "crwth", "four", "bryyyy"),
              List.of("yess", "yesno", "forty", "catyyy")),
          new Case("exactly", "root ::= [ab]{4}", List.of("aaaa", "abab"), List.of("a", "aaaaa")),
          new Case(
              "at least",
              "root ::= [ab]{4,}",
              List.of("aaaa", "aaaaab", "ababab"),
              List.of("", "aba")),
          new Case(
              "at most",
              "root ::= [ab]{0,4}",
              List.of("", "a", "aa", "aaa", "aaab"),
              List.of("aaaaa")),
          new Case(
              "from to",
              "root ::= (\"0x\" [A-F0-9]{2} \" \"?){3,5}",
              List.of("0xFF 0x12 0xAB", "0xFF 0x12 0xAB 0x00 0x00", "0xFF0x120xAB"),
              List.of("", "0xFF", "0xFF 0x12", "0xFF 0x12 0xAB 0x00 0x00 0x00")),
          new Case(
              "a repetition of what may be empty",
              "root ::= ( [x]* )*",
              List.of("", "x", "xx"),
              List.of("y", "yy")),
          new Case(
              "a counted repetition of what may be empty",
              "root ::= (\"a\"? \"b\"?){3,4}",
              List.of("", "a", "ba", "ababab", "bbbb"),
              List.of("bbbbb", "c", "abababababab")),
          new Case(
              "more than 2000 at most are counted",
              "root ::= \"a\"{3,5000}",
              List.of("aaa", "a".repeat(5000)),
              List.of("aa", "a".repeat(5001))),
          new Case(
              "a repetition of a repetition",
              "root ::= \"ab\"{2}{3}",
              List.of("ab".repeat(6)),
              List.of("ab".repeat(5), "ab".repeat(7))),
          new Case(
              "none",
              "root ::= \"a\" \"b\"{0} \"\" [c]{0,0} \"d\"",
              List.of("ad"),
              List.of("abd", "acd", "a")),
          new Case(
              "classes",
              "root ::= [^\\x00-\\x1F\"\\\\] [a\\-z] [\\[\\]^-] [-x] [ä-ü€😀]",
              List.of("xa]-ä", "éz^x😀", "-a[-€", "😀--xü"),
              List.of("\"a]-ä", "xb]-ä", "xa]yä", "xa]-å😀", "xa]-", "\na]-ä")),
          new Case(
              "escapes",
              "root ::= \"\\x41\\u00e9\\u20AC\\U0001F600\\t\\r\\n\\\\\\\"\\[\\]\\-\"",
              List.of("Aé€😀\t\r\n\\\"[]-"),
              List.of("Aé€😀\t\r\n\\\"[]")),
          new Case(
              "nothing is a text", "root ::= | \"a\" | \"\"", List.of("", "a"), List.of("aa", " ")),
          new Case(
              "right recursion",
              "root ::= \"a\" root | \"b\"",
              List.of("b", "ab", "a".repeat(20_000) + "b"),
              List.of("a", "ba", "")),
          new Case(
              "a palindrome's middle is not marked",
              "root ::= \"a\" root \"a\" | \"b\" root \"b\" | \"a\" | \"b\" | \"\"",
              List.of("", "a", "abba", "abbaabba", "abababa", "ab".repeat(20) + "ba".repeat(20)),
              List.of("ab", "abbb", "ab".repeat(21))),
          new Case(
              "two ways to close each bracket",
              "root ::= \"(\" root [)x] | \"(\" root [)y] | \"o\"",
              List.of("o", "(o)", "((ox)", "(".repeat(300) + "o" + ")xy".repeat(100)),
              List.of("(oz", "((o)", "oo")),
          new Case(
              "recursion behind what may be empty, in the middle of a text",
              """
              root ::= "a" rest
              rest ::= maybe "b" rest | maybe
              maybe ::= deep | "c"
              deep ::= ""
              """,
              List.of("a", "ab", "acbcbb", "abc"),
              List.of("", "acc", "b")),
          new Case(
              "the last definition counts",
              "root ::= x\nx ::= \"old\"\nx ::= \"new\"",
              List.of("new"),
              List.of("old")),
          new Case(
              "NUL is a character like others",
              "root ::= [\\x00-\\x02]+",
              List.of("\u0000", "\u0001\u0000\u0002"),
              List.of("", "\u0003")));

  @TestFactory
  Stream<DynamicTest> acceptsAndRejects() {
    return CASES.stream()
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.name,
                    () -> {
                      Grammar grammar = Grammar.parse(c.grammar);
                      for (String text : c.good) {
                        assertThat(grammar.accepts(text)).as("'%s'", text).isTrue();
                      }
                      for (String text : c.bad) {
                        assertThat(grammar.accepts(text)).as("'%s'", text).isFalse();
                      }
                    }));
  }

  @Test
  void aTextMayBreakOffInsideACharacter() {
    GrammarState start = Grammar.parse("root ::= [ä-ü] \"😀\"").start();
    byte[] text = "ö😀".getBytes(StandardCharsets.UTF_8);
    GrammarState at = start;
    for (int i = 0; i < text.length; i++) {
      assertThat(at.isDead()).isFalse();
      assertThat(at.isAccepting()).isFalse();
      at = at.accept(new byte[] {text[i]});
    }
    assertThat(at.isAccepting()).isTrue();
    // U+00E5 to U+00FC begin with C3; the byte behind it decides.
    assertThat(start.accept(new byte[] {(byte) 0xC3}).isDead()).isFalse();
    assertThat(start.accept(new byte[] {(byte) 0xC3, (byte) 0x80}).isDead()).isTrue();
    assertThat(start.accept(new byte[] {(byte) 0xC4}).isDead()).isTrue();
  }

  @Test
  void onlyWellFormedUtf8IsText() {
    GrammarState start = Grammar.parse("root ::= .*").start();
    int[][] bad = {
      {0x80},
      {0xC0, 0x80},
      {0xC1, 0xBF},
      {0xE0, 0x80, 0x80},
      {0xE0, 0x9F, 0xBF},
      {0xED, 0xA0, 0x80},
      {0xF0, 0x8F, 0xBF, 0xBF},
      {0xF4, 0x90, 0x80, 0x80},
      {0xF5},
      {0xFF},
      {0xC3, 0x41}
    };
    for (int[] bytes : bad) {
      assertThat(start.accept(bytes(bytes)).isDead()).isTrue();
    }
    int[][] good = {
      {0x7F},
      {0xC2, 0x80},
      {0xDF, 0xBF},
      {0xE0, 0xA0, 0x80},
      {0xED, 0x9F, 0xBF},
      {0xEE, 0x80, 0x80},
      {0xEF, 0xBF, 0xBF},
      {0xF0, 0x90, 0x80, 0x80},
      {0xF4, 0x8F, 0xBF, 0xBF}
    };
    for (int[] bytes : good) {
      assertThat(start.accept(bytes(bytes)).isAccepting()).isTrue();
    }
    assertThat(start.accept("a\uD800b").isDead()).isTrue();
    assertThat(start.accept("\uDE00\uD83D").isDead()).isTrue();
  }

  private static byte[] bytes(int... unsigned) {
    byte[] bytes = new byte[unsigned.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) unsigned[i];
    }
    return bytes;
  }

  @Test
  void everyCharacterIsInExactlyOneOfAClassAndItsOpposite() {
    String ranges =
        "\\x10-Aé\\u07f0-\\u0811\\ud000-\\ue010\\uFFF0-\\U00010010\\U0010FFF0-\\U0010FFFF";
    Grammar in = Grammar.parse("root ::= [" + ranges + "]");
    Grammar out = Grammar.parse("root ::= [^" + ranges + "]");
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        boolean expected =
            (c >= 0x10 && c <= 'A')
                || c == 'é'
                || (c >= 0x7F0 && c <= 0x811)
                || (c >= 0xD000 && c <= 0xE010)
                || (c >= 0xFFF0 && c <= 0x10010)
                || c >= 0x10FFF0;
        String text = Character.toString(c);
        if (in.accepts(text) != expected || out.accepts(text) == expected) {
          assertThat(c).as("U+%04X", c).isNull();
        }
      }
    }
  }

  @Test
  void statesAreEqualWhereTheSameLiesAhead() {
    GrammarState start = Grammar.parse("root ::= item (\",\" item)*\nitem ::= [a-z]+").start();
    GrammarState one = start.accept("abc");
    assertThat(one).isEqualTo(start.accept("x,y,z")).hasSameHashCodeAs(start.accept("x,y"));
    assertThat(one).isNotEqualTo(start);
    assertThat(one.isAccepting()).isTrue();
    assertThat(start.isAccepting()).isFalse();
    // Both branches of a text go on from the same state, which does not change.
    assertThat(one.accept(",d").isAccepting()).isTrue();
    assertThat(one.accept("D").isDead()).isTrue();
    assertThat(one.accept("D").accept("a").isDead()).isTrue();
    assertThat(one).isEqualTo(start.accept("q"));
  }

  @Test
  void theFirstRuleIsAChoice() {
    String gbnf = "root ::= \"a\"\nother ::= \"b\" root";
    assertThat(Grammar.parse(gbnf, "other").accepts("ba")).isTrue();
    assertThat(Grammar.parse(gbnf, "other")).isNotEqualTo(Grammar.parse(gbnf));
    assertThat(Grammar.parse(gbnf))
        .isEqualTo(Grammar.parse(gbnf))
        .hasSameHashCodeAs(Grammar.parse(gbnf));
    assertThat(Grammar.parse(gbnf, "other").rootRule()).isEqualTo("other");
    assertThat(Grammar.parse(gbnf).text()).isEqualTo(gbnf);
  }
}
