package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;

/** Masks, states and tokens of random grammars and vocabularies against trying everything out. */
class MaskPropertiesTest {
  private static int compared;
  private static int tooMany;

  @AfterContainer
  static void mostGrammarsWereFollowedToTheEnd() {
    assertThat(compared).isGreaterThan(20_000);
    assertThat(tooMany).isLessThan(100);
  }

  @Property(tries = 250, seed = "5")
  void aTokenIsAllowedIfAndOnlyIfItCanBeAccepted(@ForAll long seed) {
    checked(seed, new RandomGrammars(seed, false), 160);
  }

  @Property(tries = 250, seed = "5")
  void theSameWhereTheGrammarNamesTokens(@ForAll long seed) {
    checked(seed, new RandomGrammars(seed, true), 60);
  }

  private static void checked(long seed, RandomGrammars random, int nTexts) {
    try {
      check(seed, random, nTexts);
    } catch (NaiveMatcher.TooManyException e) {
      tooMany++;
    }
  }

  private static void check(long seed, RandomGrammars random, int nTexts) {
    String gbnf = random.grammar();
    TestVocabulary vocabulary = new TestVocabulary();
    List<byte[]> texts = new ArrayList<>();
    random.texts(nTexts).forEach(s -> texts.add(s.getBytes(StandardCharsets.ISO_8859_1)));
    texts.forEach(vocabulary::add);
    vocabulary.addControl("<ab>"); // hidden: fits only "any token but one"
    int unused = vocabulary.addUnused("<b>");
    int end = vocabulary.addEnd("<z>");
    GrammarMasks masks = GrammarMasks.of(Grammar.parse(gbnf), vocabulary.trie());
    NaiveMatcher naive = new NaiveMatcher(gbnf);

    GrammarState state = masks.start();
    NaiveMatcher.State expected = naive.start();
    for (int step = 0; step < 6; step++) {
      String where = "seed " + seed + ", step " + step + " of " + gbnf;
      BitSet allowed = masks.allowed(state);
      assertThat(state.isAccepting()).as(where).isEqualTo(expected.accepting());
      assertThat(allowed.get(end)).as(where).isEqualTo(expected.accepting());
      assertThat(allowed.get(unused)).as(where).isFalse();
      for (int token = 0; token < end; token++) {
        compared++;
        boolean fits = !after(naive, expected, token, texts, unused).dead();
        if (allowed.get(token) != fits || masks.accept(state, token).isDead() == fits) {
          assertThat(token).as("%s, allowed %s", where, allowed.get(token)).isNull();
        }
      }
      assertThat(masks.accept(state, end).isDead()).as(where).isEqualTo(!expected.accepting());
      allowed.clear(end);
      if (allowed.isEmpty()) {
        return;
      }
      int[] choices = allowed.stream().toArray();
      int next = choices[random.nextInt(choices.length)];
      state = masks.accept(state, next);
      expected = after(naive, expected, next, texts, unused);
    }
  }

  private static NaiveMatcher.State after(
      NaiveMatcher naive, NaiveMatcher.State from, int token, List<byte[]> texts, int unused) {
    byte[] text = token < texts.size() ? texts.get(token) : new byte[0];
    return naive.token(
        from, text, t -> t.negated() ? token != t.id() && token != unused : token == t.id());
  }
}
