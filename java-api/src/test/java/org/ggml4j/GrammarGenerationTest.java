package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.StopReason;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarDeadEndException;
import org.ggml4j.grammar.GrammarException;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.GrammarTrigger;
import org.ggml4j.sampling.LogitsProcessor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generations of a model that knows nothing, held to a grammar. */
@NothingStaysOpen.Shared
class GrammarGenerationTest {
  private static final List<String> WORDS =
      List.of("a", "b", "ab", "{", "}", ",", " a", "{a", "b}", "},", " ", "c", "1", "12", "<", ">");
  private static final String SETS =
      "root ::= set{1,3}\nset ::= \"{\" ([ab]{1,4} (\", a\")?)? \"}\"";
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(128).withThreads(1);

  @TempDir static Path folder;
  private static Model model;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    model = TinyWords.load(folder, TinyGguf.small(), WORDS);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @BeforeEach
  void open() {
    session = model.newSession(OPTIONS);
  }

  @AfterEach
  void closeSession() {
    session.close();
  }

  private static GenerationConfig wild(String gbnf, long seed) {
    return GenerationConfig.defaults()
        .withTemperature(1.5f)
        .withTopP(1)
        .withSeed(seed)
        .withGrammar(gbnf);
  }

  @Test
  void everyTextThatEndsFollowsTheGrammar() {
    Grammar grammar = Grammar.parse(SETS);
    List<String> texts =
        IntStream.range(0, 20)
            .mapToObj(
                seed -> {
                  session.reset();
                  Generation generation = session.generate("c", wild(SETS, seed));
                  String text = generation.text();
                  assertThat(generation.stopReason()).contains(StopReason.END_OF_TEXT);
                  return text;
                })
            .toList();
    assertThat(texts).allMatch(grammar::accepts);
    assertThat(texts.stream().distinct().count()).isGreaterThan(5);
  }

  @Test
  void eachGenerationOfASessionBeginsTheGrammarAnew() {
    GenerationConfig config = wild(SETS, 3);
    String first = session.generate("c", config).text();
    String second = session.generate("c", config).text();
    assertThat(Grammar.parse(SETS).accepts(first)).isTrue();
    assertThat(Grammar.parse(SETS).accepts(second)).isTrue();
  }

  @Test
  void parallelGenerationsFollowIt() {
    List<Hypothesis> all = session.generateAll("c", 6, wild(SETS, 1));
    assertThat(all).hasSize(6).allMatch(h -> Grammar.parse(SETS).accepts(h.text()));
  }

  @Test
  void beamsFollowIt() {
    LogitsProcessor constraint = model.masks(Grammar.parse(SETS)).newConstraint();
    List<Hypothesis> best =
        session.search("c", BeamSearchConfig.of(4).withMaxTokens(40).withProcessor(constraint));
    assertThat(best).isNotEmpty();
    for (Hypothesis h : best) {
      if (h.reason().equals(Optional.of(StopReason.END_OF_TEXT))) {
        assertThat(Grammar.parse(SETS).accepts(h.text())).as(h.text()).isTrue();
      }
      assertThat(Grammar.parse(SETS).start().accept(h.text()).isDead()).as(h.text()).isFalse();
    }
  }

  @Test
  void aLazyGrammarBeginsAtItsTrigger() {
    GrammarMasks masks = model.masks(Grammar.parse("root ::= \"<\" \"a\"{3} \">\""));
    for (int seed = 0; seed < 5; seed++) {
      session.reset();
      GenerationConfig config =
          GenerationConfig.defaults()
              .withSeed(seed)
              .withTemperature(2)
              .withTopK(0)
              .withMaxTokens(60)
              .withProcessor(masks.newLazyConstraint(List.of(new GrammarTrigger.Word("<"))));
      String text = session.generate("c", config).text();
      int trigger = text.indexOf('<');
      if (trigger >= 0) {
        assertThat("<aaa>").startsWith(text.substring(trigger));
      }
    }
  }

  @Test
  void wrongGrammarsAreRefusedAtOnce() {
    assertThatThrownBy(() -> GenerationConfig.defaults().withGrammar("root ::= (\"a\""))
        .isInstanceOf(GrammarException.class)
        .hasMessageStartingWith("1:14: expected ')'");
    GenerationConfig unknown = GenerationConfig.defaults().withGrammar("root ::= \"a\" <think>");
    assertThatThrownBy(() -> session.generate("c", unknown))
        .isInstanceOf(GrammarException.class)
        .hasMessageStartingWith("1:14: <think> is not one token");
    assertThat(session.generate("c", wild(SETS, 1)).text()).startsWith("{");
  }

  @Test
  void aDeadEndEndsTheGenerationAndNotTheSession() {
    Generation generation = session.generate("c", wild("root ::= \"ab\" \"x\"", 1));
    assertThatThrownBy(generation::text)
        .isInstanceOf(GrammarDeadEndException.class)
        .hasMessageContaining("which end in 'ab'");
    assertThat(session.generate("c", wild("root ::= \"ab\"", 1)).text()).isEqualTo("ab");
  }

  @Test
  void theLastGrammarsAreRemembered() {
    GrammarMasks first = model.masks(Grammar.parse(SETS));
    assertThat(model.masks(Grammar.parse(SETS))).isSameAs(first);
    for (int i = 0; i < GrammarCache.MAX_GRAMMARS; i++) {
      GrammarMasks other = model.masks(Grammar.parse("root ::= \"a\"{%d}".formatted(i + 1)));
      assertThat(other.trie()).isSameAs(first.trie());
    }
    assertThat(model.masks(Grammar.parse(SETS))).isNotSameAs(first);
  }
}
