package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.TokenHistory;
import org.junit.jupiter.api.Test;

/** What a constraint does to logits, as the text grows, shrinks and branches. */
class GrammarConstraintTest {
  private static final int[] PROMPT = {3, 1, 4};

  private final TestVocabulary vocabulary = new TestVocabulary();
  private final int a = vocabulary.add("a");
  private final int b = vocabulary.add("b");
  private final int ab = vocabulary.add("ab");
  private final int comma = vocabulary.add(",");
  private final int lead = vocabulary.add(new byte[] {(byte) 0xC3});
  private final int trail = vocabulary.add(new byte[] {(byte) 0xA9});
  private final int hidden = vocabulary.addControl("<a>");
  private final int end = vocabulary.addEnd("<end>");
  private final VocabTrie trie = vocabulary.trie();

  private GrammarMasks masks(String gbnf) {
    return GrammarMasks.of(Grammar.parse(gbnf), trie);
  }

  private static TokenHistory after(int... generated) {
    int[] all = Arrays.copyOf(PROMPT, PROMPT.length + generated.length);
    System.arraycopy(generated, 0, all, PROMPT.length, generated.length);
    return TokenHistory.of(PROMPT.length, all);
  }

  /** The tokens that may be picked; three more logits than the vocabulary has tokens. */
  private List<Integer> allowed(LogitsProcessor constraint, int... generated) {
    Logits logits = new Logits(end + 4);
    logits.setHistory(after(generated));
    constraint.process(logits);
    return IntStream.range(0, logits.nVocab())
        .filter(token -> logits.get(token) == 0)
        .boxed()
        .toList();
  }

  @Test
  void bansWhatDoesNotFit() {
    GrammarConstraint constraint = masks("root ::= \"a\" (\",\" \"ab\")* | \"é\"").newConstraint();
    assertThat(allowed(constraint)).containsExactly(a, lead);
    assertThat(allowed(constraint, a)).containsExactly(comma, end);
    assertThat(allowed(constraint, a, comma)).containsExactly(a, ab);
    assertThat(allowed(constraint, a, comma, a)).containsExactly(b);
    assertThat(allowed(constraint, a, comma, ab)).containsExactly(comma, end);
    assertThat(allowed(constraint, a, comma, ab, end)).containsExactly(end);
    assertThat(allowed(constraint, lead)).containsExactly(trail);
    assertThat(allowed(constraint, lead, trail)).containsExactly(end);
    assertThat(constraint.mayEnd(after(a))).isTrue();
    assertThat(constraint.mayEnd(after(a, comma))).isFalse();
  }

  @Test
  void leavesTheLogitsOfWhatFits() {
    Logits logits = Logits.of(1, 2, 3, 4, 5, 6, 7, 8);
    logits.setHistory(after());
    masks("root ::= \"ab\"").newConstraint().process(logits);
    assertThat(logits.get(a)).isEqualTo(1);
    assertThat(logits.get(ab)).isEqualTo(3);
    assertThat(logits.best()).isEqualTo(ab);
    assertThat(logits.get(comma)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(logits.logProbability(comma)).isGreaterThan(-10); // what the model said stays
  }

  @Property(tries = 300, seed = "7")
  void aHistoryMayShrinkAndChange(@ForAll long seed) {
    RandomGrammars random = new RandomGrammars(seed, false);
    GrammarMasks masks = masks("root ::= (\"a\" [b,]{0,9} | \"b\" (root | \"é\") \",\")*");
    GrammarConstraint constraint = masks.newConstraint();
    List<Integer> text = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      int[] generated = text.stream().mapToInt(t -> t).toArray();
      List<Integer> allowed = allowed(constraint, generated);
      assertThat(allowed).isEqualTo(allowed(masks.newConstraint(), generated));
      assertThat(allowed(constraint.fork(), generated)).isEqualTo(allowed);
      while (!text.isEmpty() && random.nextInt(4) == 0) {
        text.remove(text.size() - 1);
      }
      int[] rest = text.stream().mapToInt(t -> t).toArray();
      List<Integer> next = new ArrayList<>(allowed(masks.newConstraint(), rest));
      next.remove(Integer.valueOf(end));
      text.add(next.get(random.nextInt(next.size())));
    }
  }

  @Test
  void forksGoTheirOwnWays() {
    GrammarConstraint constraint = masks("root ::= [ab]{3}").newConstraint();
    assertThat(allowed(constraint, a)).containsExactly(a, b, ab);
    GrammarConstraint fork = constraint.fork();
    assertThat(allowed(fork, a, ab)).containsExactly(end);
    assertThat(allowed(constraint, a, b)).containsExactly(a, b);
    assertThat(allowed(fork, a, ab)).containsExactly(end);
    assertThat(fork.masks()).isSameAs(constraint.masks());
    for (int n = 0; n < 200; n++) { // beyond the room of the first arrays
      int[] text = new int[n];
      Arrays.fill(text, a);
      assertThat(allowed(masks("root ::= \"a\"*").newConstraint(), text)).contains(a, end);
    }
  }

  @Test
  void startsOver() {
    GrammarConstraint constraint = masks("root ::= \"a\" \"b\"").newConstraint();
    assertThat(allowed(constraint, a)).containsExactly(b);
    constraint.reset();
    assertThat(allowed(constraint)).containsExactly(a, ab);
  }

  @Test
  void aDeadEndIsSaid() {
    GrammarConstraint constraint = masks("root ::= \"ab\" \"xyz\" | \"é\" .").newConstraint();
    GrammarDeadEndException e =
        catchThrowableOfType(GrammarDeadEndException.class, () -> allowed(constraint, a, b));
    assertThat(e)
        .hasMessageContaining("after 2 tokens, which end in 'ab'")
        .hasMessageContaining("nothing that a token of the vocabulary begins with");
    assertThat(e.position()).isEqualTo(2);
    assertThat(allowed(constraint, lead, trail)).contains(a); // and the constraint goes on
  }

  @Test
  void aVocabularyWithoutAnEndIsADeadEndToo() {
    TestVocabulary endless = new TestVocabulary();
    int x = endless.add("x");
    GrammarConstraint constraint =
        GrammarConstraint.of(Grammar.parse("root ::= \"x\""), endless.tokenizer());
    Logits logits = Logits.of(0);
    logits.setHistory(TokenHistory.of(0, x));
    assertThatThrownBy(() -> constraint.process(logits))
        .isInstanceOf(GrammarDeadEndException.class)
        .hasMessageContaining("the grammar is complete");
  }

  @Test
  void whatWasGeneratedAgainstTheGrammarIsSaid() {
    GrammarConstraint constraint = masks("root ::= \"ab,\"").newConstraint();
    GrammarDeadEndException e =
        catchThrowableOfType(GrammarDeadEndException.class, () -> allowed(constraint, ab, b));
    assertThat(e).hasMessageContaining("after 1 tokens, which end in 'ab', comes token " + b);
    assertThat(e.position()).isEqualTo(1);
    assertThatThrownBy(() -> allowed(constraint, ab, end))
        .isInstanceOf(GrammarDeadEndException.class);
    assertThat(allowed(constraint, ab)).containsExactly(comma);
  }

  @Test
  void hiddenTokensAreNoText() {
    GrammarMasks masks = masks("root ::= [<ab>]+");
    assertThat(allowed(masks.newConstraint())).containsExactly(a, b, ab);
    VocabTrie shown = VocabTrie.of(trie.tokenizer(), true);
    assertThat(shown.showSpecial()).isTrue();
    GrammarMasks all = GrammarMasks.of(masks.grammar(), shown);
    assertThat(allowed(all.newConstraint())).containsExactly(a, b, ab, hidden);
    assertThat(allowed(all.newConstraint(), hidden)).containsExactly(a, b, ab, hidden, end);
  }

  @Test
  void grammarsNameTokens() {
    GrammarConstraint byText = masks("root ::= <a> \"b\" !<a> <[%d]>".formatted(a)).newConstraint();
    assertThat(allowed(byText)).containsExactly(hidden);
    assertThat(allowed(byText, hidden)).containsExactly(b);
    assertThat(allowed(byText, hidden, b)).containsExactly(a, b, ab, comma, lead, trail);
    assertThat(allowed(byText, hidden, b, lead)).containsExactly(a);
    assertThat(allowed(byText, hidden, b, lead, a)).containsExactly(end);
  }

  @Test
  void aTokenThatEndsTheTextMustEndTheGrammar() {
    GrammarConstraint constraint =
        masks("root ::= \"a\" <end> | \"b\" <end> \"b\"").newConstraint();
    assertThat(allowed(constraint, a)).containsExactly(end);
    assertThat(allowed(constraint, a, end)).containsExactly(end);
    assertThatThrownBy(() -> allowed(constraint, b)).isInstanceOf(GrammarDeadEndException.class);
  }

  @Test
  void tokensThatAreNotThereAreRefused() {
    GrammarException e =
        catchThrowableOfType(
            GrammarException.class, () -> masks("root ::= \"a\" |\n  !<[%d]>".formatted(end + 1)));
    assertThat(e).hasMessageStartingWith("2:3: there is no token <[8]>; the vocabulary has 0 to 7");
    assertThatThrownBy(() -> masks("root ::= <think>"))
        .isInstanceOf(GrammarException.class)
        .hasMessageStartingWith("1:10: <think> is not one token of this vocabulary");
  }

  @Test
  void statesOfOtherGrammarsAreRefused() {
    GrammarState other = Grammar.parse("root ::= \"a\"").start();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> masks("root ::= \"a\"").allowed(other))
        .withMessageContaining("another grammar");
  }

  @Test
  void manyGrammarsShareOneTrieAndMasksStayWithinBounds() {
    GrammarMasks masks = masks("root ::= (\"a\" root \"b\" | \",\" root \"ab\" | \"é\")?");
    GrammarState state = masks.start();
    for (int i = 0; i < 60_000; i++) {
      assertThat(masks.allowed(state).get(a)).isTrue();
      state = masks.accept(state, i % 3 == 0 ? comma : a);
    }
    assertThat(masks.maskBytes()).isBetween(1 << 20, 8 << 20);
  }
}
