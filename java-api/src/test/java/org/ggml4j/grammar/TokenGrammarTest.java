package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The cases of llama.cpp's tests in which grammars name tokens. */
class TokenGrammarTest {
  private static final int TOKENS = 30;

  /**
   * @param good texts in which <12> is token 12 and other characters are tokens of a byte each
   */
  private record Case(String grammar, List<String> good, List<String> bad) {}

  static List<Case> cases() {
    return List.of(
        new Case(
            "root ::= <[10]> content <[11]>\ncontent ::= (!<[11]>)*",
            List.of(
                "<10>hello world<11>",
                "<10>text with <12> other tokens <13> mixed in<11>",
                "<10><11>",
                "<10><12><13><14><15><11>",
                "<10>a<11>"),
            List.of(
                "<10>missing end token",
                "<10>",
                "missing start token<11>",
                "<10><11><11>",
                "<11>wrong order<10>")),
        new Case(
            """
            root ::= reasoning+ content tool-call*
            reasoning ::= <[10]> (!<[11]>)* <[11]>
            content ::= <[20]> (!<[21]>)* <[21]>
            tool-call ::= <[12]> name <[13]> args <[14]>
            name ::= (!<[13]>)+
            args ::= (!<[14]>)*\
            """,
            List.of(
                "<10>I think<11><20>hello!<21><12>search<13>query=x<14>",
                "<10>one<11><10>two<11><20><21><12>tool<13><14>",
                "<10><11><20>content<21>",
                "<10>t<12> in<11><20><10>more<21><12>f<13>x=1<14><12>g<13><14>",
                "<10>a<11><10>b<11><10>c<11><20>d<21><12>a<13>b<14><12>c<13>d<14>"),
            List.of(
                "<20>content only<21>",
                "<10>no closing reasoning",
                "<10><11><20>no closing content",
                "<10><11><20><21><12>incomplete tool",
                "<10><11><11><20><21>")),
        new Case(
            "root ::= <[10]> !<[11]> <[11]>",
            List.of("<10>x<11>", "<10><10><11>"),
            List.of("<10><11>", "<10><11><11>", "x")));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void acceptsAndRejects(Case c) {
    TestVocabulary vocabulary = new TestVocabulary();
    for (int i = 0; i < TOKENS; i++) {
      vocabulary.addControl("<" + i + ">");
    }
    vocabulary.withBytes().addEnd("<end>");
    GrammarMasks masks = GrammarMasks.of(Grammar.parse(c.grammar), vocabulary.trie());
    for (String text : c.good) {
      assertThat(accepts(masks, text)).as(text).isTrue();
    }
    for (String text : c.bad) {
      assertThat(accepts(masks, text)).as(text).isFalse();
    }
  }

  private static boolean accepts(GrammarMasks masks, String text) {
    GrammarState state = masks.start();
    byte[] s = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < s.length; i++) {
      int token = TOKENS + (s[i] & 0xFF);
      if (s[i] == '<') {
        token = Integer.parseInt(text.substring(i + 1, i + 3));
        i += 3;
      }
      state = masks.accept(state, token);
    }
    return state.isAccepting();
  }
}
