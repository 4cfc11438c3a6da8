package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** Grammars that begin at a trigger. */
class LazyGrammarTest {
  private static final String CALL = "root ::= \"<call>\" [a-z]+ \"</call>\"";

  private final TestVocabulary vocabulary = new TestVocabulary().withBytes();
  private final int call = vocabulary.addControl("<call>");
  private final int openAngle = vocabulary.add("x<ca");
  private final int end = vocabulary.addEnd("<end>");
  private final Tokenizer tokenizer = vocabulary.tokenizer();
  private final VocabTrie trie = VocabTrie.of(tokenizer);

  private GrammarConstraint lazy(String gbnf, GrammarTrigger... triggers) {
    return GrammarMasks.of(Grammar.parse(gbnf), trie).newLazyConstraint(List.of(triggers));
  }

  private int[] bytes(String text) {
    return tokenizer.encode(text, EncodeOptions.plain());
  }

  private static int[] join(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  private String allowed(GrammarConstraint constraint, int... generated) {
    Logits logits = new Logits(end + 1);
    logits.setHistory(TokenHistory.of(0, generated));
    constraint.process(logits);
    int[] tokens = IntStream.rangeClosed(0, end).filter(token -> logits.get(token) == 0).toArray();
    return tokens.length > end
        ? "anything"
        : tokenizer.decode(tokens) + (logits.get(end) == 0 ? "." : "");
  }

  @Test
  void waitsForAWord() {
    GrammarConstraint constraint = lazy(CALL, new GrammarTrigger.Word("<call>"));
    assertThat(allowed(constraint)).isEqualTo("anything");
    assertThat(allowed(constraint, bytes("let me <call"))).isEqualTo("anything");
    assertThat(allowed(constraint, bytes("let me <call>"))).isEqualTo(LETTERS);
    assertThat(allowed(constraint, bytes("let me <call>f"))).isEqualTo("<" + LETTERS);
    assertThat(allowed(constraint, bytes("let me <call>f</call>"))).isEqualTo(".");
    // Back before the trigger, and on differently.
    assertThat(allowed(constraint, bytes("let me <cal"))).isEqualTo("anything");
    assertThat(allowed(constraint, bytes("let me <call>g<"))).isEqualTo("/");
    assertThat(allowed(constraint.fork(), bytes("let me <call>g<"))).isEqualTo("/");
    assertThat(allowed(constraint.fork(), bytes("let us"))).isEqualTo("anything");
    assertThat(allowed(constraint.fork(), bytes("<call>g<"))).isEqualTo("/");
    constraint.reset();
    assertThat(allowed(constraint, bytes("f"))).isEqualTo("anything");
    assertThat(constraint.mayEnd(TokenHistory.of(0, bytes("f")))).isTrue();
  }

  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz";

  @Test
  void aWordMayBeginAndEndInsideTokens() {
    GrammarConstraint constraint = lazy(CALL, new GrammarTrigger.Word("<call>"));
    int[] text = join(bytes("é"), new int[] {openAngle}, bytes("ll>q"));
    assertThat(allowed(constraint, text)).isEqualTo("<" + LETTERS);
  }

  @Test
  void aTokenTriggersWithItsHiddenText() {
    GrammarConstraint constraint = lazy(CALL, new GrammarTrigger.Token(call));
    assertThat(allowed(constraint, bytes("<call>"))).isEqualTo("anything");
    assertThat(allowed(constraint, join(bytes("<call>"), new int[] {call}))).isEqualTo(LETTERS);
    GrammarConstraint named =
        lazy(
            "root ::= <call> \"q\"",
            new GrammarTrigger.Word("never"),
            new GrammarTrigger.Token(call));
    assertThat(allowed(named, join(bytes("so"), new int[] {call}))).isEqualTo("q");
  }

  @Test
  void aRegexTriggersFromItsFirstGroup() {
    Pattern pattern = Pattern.compile("(?:é|\\n)(\\{)|(<call>)");
    GrammarConstraint constraint =
        lazy("root ::= \"{\" \"1\"* \"}\" | \"<call>x\"", new GrammarTrigger.Regex(pattern));
    assertThat(allowed(constraint, bytes("a{"))).isEqualTo("anything");
    assertThat(allowed(constraint, bytes("aé{"))).isEqualTo("1}");
    assertThat(allowed(constraint, bytes("aé{11"))).isEqualTo("1}");
    assertThat(allowed(constraint, bytes("é<call>"))).isEqualTo("x");
    // Bytes that are no text come before it.
    assertThat(allowed(constraint, join(new int[] {0xE2, 0x82, 0xFF, 0xC3}, bytes("\n{"))))
        .isEqualTo("1}");
    GrammarConstraint whole =
        lazy("root ::= \"ab\" \"c\"", new GrammarTrigger.Regex(Pattern.compile("^ab$")));
    assertThat(allowed(whole, bytes("ab"))).isEqualTo("c");
    assertThat(allowed(whole, bytes("xab"))).isEqualTo("anything");
  }

  @Test
  void theFirstTriggerCountsAndWhatFollowsItMustFit() {
    GrammarConstraint constraint =
        lazy("root ::= \"q1\"", new GrammarTrigger.Word("q2"), new GrammarTrigger.Word("q"));
    assertThat(allowed(constraint, bytes("q"))).isEqualTo("1");
    assertThatThrownBy(() -> allowed(constraint, bytes("q2")))
        .isInstanceOf(GrammarDeadEndException.class)
        .hasMessageContaining("does not follow the grammar");
  }

  @Test
  void triggersAreChecked() {
    assertThatIllegalArgumentException().isThrownBy(() -> lazy(CALL));
    assertThatIllegalArgumentException().isThrownBy(() -> new GrammarTrigger.Word(""));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> lazy(CALL, new GrammarTrigger.Token(end + 1)))
        .withMessageContaining("there is no token " + (end + 1));
  }
}
