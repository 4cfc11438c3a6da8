package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarState;

/** Grammars of regular expressions match what java.util.regex matches. */
class RegexGrammarTest {
  private static final String ALPHABET = "abc01-_ .é🙂\n\"\\";

  private record Case(String regex, List<String> good, List<String> bad) {}

  private static final List<Case> CASES =
      List.of(
          new Case("abc", List.of("abc"), List.of("", "ab", "abcd", "xabc")),
          new Case("^abc$", List.of("abc"), List.of("ab")),
          new Case("^a|b$", List.of("a", "b"), List.of("ab", "")),
          new Case("(^a|^b)c(d$|e)", List.of("acd", "bce"), List.of("abce", "ac")),
          new Case("a?b*c+", List.of("c", "abbc", "bcc"), List.of("a", "aac")),
          new Case("(?:ab){2,3}?", List.of("abab", "ababab"), List.of("ab", "abababab")),
          new Case("x{3}y{2,}", List.of("xxxyy", "xxxyyyyy"), List.of("xxyy", "xxxy")),
          new Case("(?<year>[0-9]{4})", List.of("2024"), List.of("24")),
          new Case("[^a-c]", List.of("d", "é", "🙂", "\n"), List.of("a", "b", "")),
          new Case("[]\\-^]".replace("[]", "[\\]"), List.of("]", "-", "^"), List.of("\\", "a")),
          new Case("[a\\d_-]+", List.of("a-1_"), List.of("b")),
          new Case(
              "\\d\\D\\w\\W\\s\\S",
              List.of("1a_-\t!"),
              List.of("11_-\t!", "1aé-\t!", "1a_-\u00a0!")),
          new Case("\\S", List.of("a", "é"), List.of(" ", "\u00a0", "\u2003")),
          new Case("[^\\s]", List.of("a"), List.of("\n", "\u00a0")),
          new Case(".", List.of("a", "🙂", "\""), List.of("\n", "\r", "\u2028", "\u0085", "")),
          new Case("\\x41\\u0042\\u{43}\\x{1F642}", List.of("ABC🙂"), List.of("ABC")),
          new Case("\\uD83D\\uDE42", List.of("🙂"), List.of("\uD83D")),
          new Case("\\t\\n\\r\\f\\v\\0\\cJ", List.of("\t\n\r\f\u000b\0\n"), List.of("tnrfv0J")),
          new Case("\\.\\*\\/\\$\\(", List.of(".*/$("), List.of("a*/$(")),
          new Case("\\p{Lu}\\p{L}+\\P{N}", List.of("Été!", "Ab "), List.of("aB", "Ab1")),
          new Case("(a*)*b", List.of("b", "aaab"), List.of("a", "ba")),
          new Case("(a|b?)+c", List.of("c", "abac"), List.of("abd")),
          new Case("(|a)b", List.of("b", "ab"), List.of("a")),
          new Case("", List.of(""), List.of("a")));

  @Example
  void tables() {
    for (Case c : CASES) {
      Grammar grammar = Grammar.parse(RegexGrammar.toGbnf(c.regex));
      for (String text : c.good) {
        assertThat(grammar.accepts(text)).as(c.regex + " for '" + text + "'").isTrue();
      }
      for (String text : c.bad) {
        assertThat(grammar.accepts(text)).as(c.regex + " for '" + text + "'").isFalse();
      }
    }
  }

  @Example
  void readableGrammars() {
    assertThat(RegexGrammar.toGbnf("^(?:foo|bar)-[0-9]{2,4}!*$"))
        .isEqualTo("root ::= (\"foo\" | \"bar\") \"-\" [0-9]{2,4} \"!\"*\n");
    assertThat(RegexGrammar.toGbnf("(ab?){2}"))
        .isEqualTo("root ::= part{2}\npart ::= \"a\" \"b\"?\n");
  }

  @Example
  void errorsSayWhere() {
    String[][] cases = {
      {"a(?=b)", "1", "look around"},
      {"(?<!a)b", "0", "look around"},
      {"(?i)a", "0", "flags"},
      {"ab\\1", "2", "back-reference"},
      {"\\k<a>", "0", "back-reference"},
      {"a\\bc", "1", "word boundary"},
      {"a++", "2", "possessive"},
      {"a**", "2", "repetition of a repetition"},
      {"*a", "0", "nothing to repeat"},
      {"a|+", "2", "nothing to repeat"},
      {"a{2", "1", "{n}"},
      {"a{,2}", "1", "{n}"},
      {"a{3,2}", "1", "fewer"},
      {"a{9999999}", "2", "more than"},
      {"(a", "0", "without ')'"},
      {"a)", "1", "without '('"},
      {"[a", "0", "without ']'"},
      {"[]a]", "0", "empty class"},
      {"[b-a]", "1", "ends before"},
      {"[a-\\d]", "1", "both ends"},
      {"[a[b]]", "2", "'['"},
      {"[a&&b]", "2", "'&&'"},
      {"a]", "1", "\\]"},
      {"\\q", "0", "unknown escape"},
      {"\\", "0", "backslash"},
      {"\\x4", "0", "hexadecimal"},
      {"\\u{110000}", "0", "no such character"},
      {"\\uD800", "0", "surrogate"},
      {"\\07", "0", "octal"},
      {"\\p{Greek}", "0", "categories"},
      {"a^b", "1", "'^'"},
      {"(a$)b", "2", "'$'"},
      {"^*", "1", "anchor"},
      {"(".repeat(200) + ")".repeat(200), "100", "nested deeper"},
      {"[^\\s\\S]", "0", "no text matches"},
    };
    for (String[] c : cases) {
      RegexException e =
          catchThrowableOfType(RegexException.class, () -> RegexGrammar.toGbnf(c[0]));
      assertThat(e).as(c[0]).isNotNull().hasMessageContaining(c[2]);
      assertThat(e.position()).as(c[0]).isEqualTo(Integer.parseInt(c[1]));
      assertThat(e.regex()).isEqualTo(c[0]);
    }
    assertThatThrownBy(() -> RegexGrammar.toGbnf("x".repeat(100_000)))
        .isInstanceOf(RegexException.class);
  }

  @Provide
  Arbitrary<String> regexes() {
    return regexes(3);
  }

  private static Arbitrary<String> regexes(int depth) {
    Arbitrary<String> atoms =
        Arbitraries.of(
            "a",
            "b",
            "c",
            "0",
            "é",
            "🙂",
            "\\.",
            "\\\\",
            "\"",
            "-",
            "[a-c]",
            "[^ab]",
            "[01_\\-]",
            "\\d",
            "\\w",
            "\\W",
            "\\s",
            ".",
            "\\n",
            "[^\\n]",
            "");
    if (depth == 0) {
      return atoms;
    }
    Arbitrary<String> inner = Arbitraries.lazy(() -> regexes(depth - 1));
    Arbitrary<String> groups =
        Combinators.combine(
                inner, Arbitraries.of("", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?"))
            .as((body, count) -> "(?:" + body + ")" + count);
    Arbitrary<String> alternatives =
        inner.list().ofMinSize(2).ofMaxSize(3).map(list -> "(" + String.join("|", list) + ")");
    Arbitrary<String> sequences =
        inner.list().ofMinSize(1).ofMaxSize(4).map(list -> String.join("", list));
    return Arbitraries.frequencyOf(
        Tuple.of(2, atoms), Tuple.of(3, groups), Tuple.of(2, alternatives), Tuple.of(4, sequences));
  }

  /** Random texts, some of them walked through the grammar so that they match. */
  @Property(tries = 500, seed = "7", edgeCases = EdgeCasesMode.NONE)
  void matchesWhatJavaMatches(@ForAll("regexes") String regex, @ForAll Random random) {
    Pattern pattern = Pattern.compile(regex);
    Grammar grammar = Grammar.parse(RegexGrammar.toGbnf(regex));
    for (int i = 0; i < 12; i++) {
      String text = i < 8 ? walk(grammar, random) : randomText(random);
      assertThat(grammar.accepts(text))
          .as("'%s' for '%s'", regex, text)
          .isEqualTo(pattern.matcher(text).matches());
    }
  }

  /** The same with automata, which the direct way does not use. */
  @Property(tries = 200, seed = "8", edgeCases = EdgeCasesMode.NONE)
  void automataMatchWhatJavaFinds(
      @ForAll("regexes") String a, @ForAll("regexes") String b, @ForAll Random random) {
    Dfa finds = partial(a);
    Dfa both = finds.and(partial(b));
    Dfa onlyA = finds.minus(partial(b));
    Rules rules = new Rules();
    rules.define("root", DfaGrammar.of(both, rules, CharWriter.plain(rules), "part"));
    String gbnf = rules.toGbnf();
    assertThat(gbnf.isEmpty()).isEqualTo(both.isEmpty());
    for (int i = 0; i < 12; i++) {
      String text = randomText(random);
      boolean inA = Pattern.compile(a).matcher(text).find();
      boolean inB = Pattern.compile(b).matcher(text).find();
      assertThat(both.matches(text)).as("%s and %s in %s", a, b, text).isEqualTo(inA && inB);
      assertThat(onlyA.matches(text)).as("%s without %s in %s", a, b, text).isEqualTo(inA && !inB);
      if (!gbnf.isEmpty()) {
        assertThat(Grammar.parse(gbnf).accepts(text)).isEqualTo(inA && inB);
      }
    }
  }

  private static Dfa partial(String regex) {
    return Dfa.of(Regex.resolve(regex, RegexParser.parse(regex, false), true));
  }

  private static String randomText(Random random) {
    int[] characters = ALPHABET.codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(8); n > 0; n--) {
      text.appendCodePoint(characters[random.nextInt(characters.length)]);
    }
    return text.toString();
  }

  private static String walk(Grammar grammar, Random random) {
    GrammarState state = grammar.start();
    StringBuilder text = new StringBuilder();
    while (text.length() < 40 && !(state.isAccepting() && random.nextInt(3) == 0)) {
      List<String> fitting = new ArrayList<>();
      for (int c : ALPHABET.codePoints().toArray()) {
        if (!state.accept(Character.toString(c)).isDead()) {
          fitting.add(Character.toString(c));
        }
      }
      if (fitting.isEmpty()) {
        break;
      }
      String next = fitting.get(random.nextInt(fitting.size()));
      text.append(next);
      state = state.accept(next);
    }
    return text.toString();
  }
}
