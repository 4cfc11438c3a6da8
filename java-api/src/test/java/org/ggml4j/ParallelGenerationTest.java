package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.ScoredToken;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.tokenizer.EncodeOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several texts in one batch are what each would be alone. */
@NothingStaysOpen.Shared
class ParallelGenerationTest {
  private static final SessionOptions DEFAULTS =
      SessionOptions.defaults().withContext(512).withBatch(32).withThreads(1);

  /** Exact, so that sums can be compared: F16 makes one of 1e-4 from a difference of 1e-7. */
  private static final SessionOptions OPTIONS =
      DEFAULTS.withFlashAttn(false).withKvType(GgmlType.F32);

  private static final GenerationConfig CONFIG =
      GenerationConfig.defaults().withTemperature(1.3f).withTopK(0).withMaxTokens(25).withSeed(11);
  private static final String PROMPT = "a b c dog";

  @TempDir static Path folder;
  private static Model model;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    model =
        TinyWords.load(
            folder, TinyGguf.small(), List.of(" a", " b", " c", "d", "o", "g", " ", "do", " dog"));
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

  /** What one generation alone gives. */
  private static Hypothesis alone(String prompt, GenerationConfig config) {
    return alone(model.tokenizer().encode(prompt), config);
  }

  private static Hypothesis alone(int[] prompt, GenerationConfig config) {
    try (Session s = model.newSession(OPTIONS)) {
      Generation generation = s.generate(prompt, config);
      List<ScoredToken> tokens =
          generation.stream().map(p -> new ScoredToken(p.token(), p.logProbability())).toList();
      double score = tokens.stream().mapToDouble(ScoredToken::logProbability).sum();
      return new Hypothesis(
          tokens, generation.text(), score, score / tokens.size(), generation.stopReason());
    }
  }

  private static void assertSame(Hypothesis found, Hypothesis expected) {
    assertThat(found.tokenIds()).isEqualTo(expected.tokenIds());
    assertThat(found.text()).isEqualTo(expected.text());
    assertThat(found.reason()).isEqualTo(expected.reason());
    assertThat(found.score()).isCloseTo(expected.score(), within(1e-4));
    assertThat(found.normalizedScore()).isCloseTo(expected.normalizedScore(), within(1e-4));
  }

  private static void assertSame(List<Hypothesis> found, IntFunction<Hypothesis> expected) {
    for (int i = 0; i < found.size(); i++) {
      assertSame(found.get(i), expected.apply(i));
    }
  }

  // ---- each is as if alone

  @Test
  void continuationsOfOnePrompt() {
    List<Hypothesis> found = session.generateAll(PROMPT, 9, CONFIG);

    assertThat(found).hasSize(9);
    assertSame(found, i -> alone(PROMPT, CONFIG.withSeed(11 + i)));
    // Some end sooner than others, and leave the batch.
    assertThat(found.stream().map(Hypothesis::reason).distinct())
        .contains(Optional.of(StopReason.END_OF_TEXT), Optional.of(StopReason.TOKEN_LIMIT));
    assertThat(found.stream().map(h -> h.tokens().size()).distinct()).hasSizeGreaterThan(3);
    assertThat(session.generateAll(List.of(), CONFIG)).isEmpty();
  }

  @Test
  void continuationsOfDifferentPrompts() {
    List<String> prompts = List.of("a", "b c d o g", "dog ".repeat(20), "c", "d d", "a b c");
    List<Hypothesis> found = session.generateAll(prompts, CONFIG);

    assertThat(found).hasSize(6);
    assertSame(found, i -> alone(prompts.get(i), CONFIG.withSeed(11 + i)));
    assertThat(session.nPast()).isZero();
  }

  @Test
  void theyContinueTheTextOfTheSession() {
    int[] begin = model.tokenizer().encode("a b");
    int[] more = model.tokenizer().encode(" dog", EncodeOptions.plain().withAddSpecial(false));
    session.append(begin);
    // A token that was generated but not evaluated belongs to the text.
    GenerationConfig one = GenerationConfig.defaults().withMaxTokens(1).withSampler(logits -> 5);
    session.generate(more, one).text();
    int[] text = TeacherForcing.concat(TeacherForcing.concat(begin, more), 5);

    Hypothesis found = session.generateAll(List.of(" dog"), CONFIG).get(0);
    assertSame(found, alone(TeacherForcing.concat(text, more), CONFIG));
    assertThat(session.nPast()).isEqualTo(text.length);
    assertSame(session.generateAll(" dog", 2, CONFIG).get(0), found);
    assertThat(session.nPast()).isEqualTo(text.length + more.length);
  }

  @Test
  void flashAttentionInF16GivesTheSameTokens() {
    List<Hypothesis> found;
    try (Session s = model.newSession(DEFAULTS)) {
      found = s.generateAll(PROMPT, 6, CONFIG);
    }
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).tokenIds())
          .isEqualTo(alone(PROMPT, CONFIG.withSeed(11 + i)).tokenIds());
    }
  }

  @Test
  void moreThanRunAtOnceTakeTurns() {
    try (ParallelGeneration parallel = session.parallel(PROMPT, 3)) {
      for (int i = 0; i < 10; i++) {
        assertThat(parallel.add("", CONFIG.withSeed(100 + i).withMaxTokens(3 + i))).isEqualTo(i);
      }
      List<Hypothesis> found = parallel.finish();
      assertThat(found).hasSize(10);
      assertSame(found, i -> alone(PROMPT, CONFIG.withSeed(100 + i).withMaxTokens(3 + i)));
    }
  }

  @Test
  void moreThanThereAreSequencesTakeTurns() {
    List<Hypothesis> found = session.generateAll(PROMPT, 80, CONFIG.withMaxTokens(4));
    assertThat(found).hasSize(80);
    for (int i = 0; i < 80; i += 13) {
      assertSame(found.get(i), alone(PROMPT, CONFIG.withSeed(11 + i).withMaxTokens(4)));
    }
  }

  @Test
  void someMayBeAddedWhileOthersAreWritten() {
    GenerationConfig noEnd = CONFIG.withProcessor(logits -> logits.ban(TinyWords.EOS));
    try (ParallelGeneration parallel = session.parallel("", 4)) {
      parallel.add("a b", noEnd);
      for (int i = 0; i < 5; i++) {
        parallel.step();
      }
      assertThat(parallel.result(0).tokens()).hasSize(5);
      assertThat(parallel.result(0).reason()).isEmpty();
      parallel.add("c d o g ".repeat(10), CONFIG.withSeed(3));
      parallel.step();
      // Its prompt is longer than a batch, and did not keep the other one waiting.
      assertThat(parallel.result(0).tokens()).hasSize(6);
      assertThat(parallel.result(1).tokens()).isEmpty();
      parallel.add("dog", CONFIG.withSeed(4));
      List<Hypothesis> found = parallel.finish();
      assertSame(found.get(0), alone("a b", noEnd));
      assertSame(found.get(1), alone("c d o g ".repeat(10), CONFIG.withSeed(3)));
      assertSame(found.get(2), alone("dog", CONFIG.withSeed(4)));
      assertThat(parallel.step()).isFalse();
      parallel.add("a", CONFIG);
      assertSame(parallel.finish().get(3), alone("a", CONFIG));
    }
  }

  @Test
  void piecesArriveStepByStep() {
    Map<Integer, StringBuilder> texts = new TreeMap<>();
    Map<Integer, List<ScoredToken>> tokens = new TreeMap<>();
    GenerationConfig config = CONFIG.withStop("dog", "o g");
    try (ParallelGeneration parallel = session.parallel(PROMPT, 5)) {
      for (int i = 0; i < 5; i++) {
        parallel.add("", config.withSeed(i));
      }
      boolean more = true;
      while (more) {
        more =
            parallel.step(
                (index, piece) -> {
                  texts.computeIfAbsent(index, k -> new StringBuilder()).append(piece.text());
                  tokens
                      .computeIfAbsent(index, k -> new ArrayList<>())
                      .add(new ScoredToken(piece.token(), piece.logProbability()));
                });
      }
      for (int i = 0; i < 5; i++) {
        assertSame(parallel.result(i), alone(PROMPT, config.withSeed(i)));
        assertThat(texts.get(i)).hasToString(parallel.result(i).text());
        assertThat(tokens.get(i)).isEqualTo(parallel.result(i).tokens());
      }
      assertThat(parallel.results().stream().map(Hypothesis::reason))
          .contains(Optional.of(StopReason.STOP_STRING));
    }
  }

  @Test
  void theBestComesFirst() {
    List<Hypothesis> all = session.generateAll(PROMPT, 6, CONFIG);
    session.reset();
    List<Hypothesis> best = session.bestOf(PROMPT, 6, CONFIG);
    assertThat(best).containsExactlyInAnyOrderElementsOf(all);
    assertThat(best)
        .isSortedAccordingTo(Comparator.comparingDouble(Hypothesis::normalizedScore).reversed());
    assertThat(best).isNotEqualTo(all);
  }

  @Test
  void eachHasItsOwnProcessorsAndSampler() {
    /** Allows a token once only. */
    final class Once implements LogitsProcessor {
      private final List<Integer> used;

      Once(List<Integer> used) {
        this.used = new ArrayList<>(used);
      }

      @Override
      public void process(Logits logits) {
        if (logits.history().size() > logits.history().promptSize()) {
          used.add(logits.history().get(logits.history().size() - 1));
        }
        used.forEach(logits::ban);
        logits.ban(TinyWords.EOS);
      }

      @Override
      public LogitsProcessor fork() {
        return new Once(used);
      }
    }
    GenerationConfig config = CONFIG.withMaxTokens(9).withProcessor(new Once(List.of(0)));
    for (Hypothesis h : session.generateAll(PROMPT, 4, config)) {
      assertThat(h.tokenIds()).hasSize(9).doesNotHaveDuplicates().doesNotContain(0);
    }
    session.reset();
    GenerationConfig own = CONFIG.withSampler(logits -> logits.best());
    List<Hypothesis> greedy = session.generateAll(PROMPT, 2, own);
    assertSame(greedy.get(0), alone(PROMPT, GenerationConfig.greedy().withMaxTokens(25)));
    assertThat(greedy.get(1).tokenIds()).isEqualTo(greedy.get(0).tokenIds());
  }

  // ---- cells

  @Test
  void thePromptIsEvaluatedOnceAndStays() {
    session.generateAll(PROMPT, 8, CONFIG);
    int prompt = model.tokenizer().encode(PROMPT).length;
    assertThat(session.nPast()).isEqualTo(prompt);
    for (int s = 1; s < 64; s++) {
      assertThat(session.nPast(s)).isZero();
    }
    // With the session's room for little more than the prompt and the tokens of each.
    GenerationConfig exactly =
        CONFIG.withMaxTokens(5).withProcessor(logits -> logits.ban(TinyWords.EOS));
    try (Session small = model.newSession(OPTIONS.withContext(prompt + 8 * 4))) {
      List<Hypothesis> found = small.generateAll(PROMPT, 8, exactly);
      assertSame(found, i -> alone(PROMPT, exactly.withSeed(11 + i)));
      assertThat(found.stream().map(Hypothesis::reason).distinct())
          .containsExactly(Optional.of(StopReason.TOKEN_LIMIT));
    }
  }

  @Test
  void whenTheContextIsFullTheLastEndFirst() {
    GenerationConfig endless =
        CONFIG.withMaxTokens(Integer.MAX_VALUE).withProcessor(logits -> logits.ban(TinyWords.EOS));
    int prompt = model.tokenizer().encode(PROMPT).length;
    try (Session small = model.newSession(OPTIONS.withContext(prompt + 20))) {
      List<Hypothesis> found = small.generateAll(PROMPT, 3, endless);
      // 20 cells: 6 for each and 2 more, so the last ends with its 7th token; then 10 for each of
      // two, and the first gets all.
      assertThat(found.stream().map(h -> h.tokens().size())).containsExactly(21, 11, 7);
      assertThat(found).allSatisfy(h -> assertThat(h.reason()).contains(StopReason.CONTEXT_FULL));
      assertThat(small.nPast()).isEqualTo(prompt);
    }
  }

  @Test
  void whoDoesNotFitWaits() {
    GenerationConfig five =
        CONFIG.withMaxTokens(5).withProcessor(logits -> logits.ban(TinyWords.EOS));
    String longPrompt = "a b c d ".repeat(5);
    try (Session small = model.newSession(OPTIONS.withContext(40))) {
      List<Hypothesis> found =
          small.generateAll(List.of(longPrompt, longPrompt, longPrompt, "a"), five);
      assertSame(found, i -> alone(i < 3 ? longPrompt : "a", five.withSeed(11 + i)));
      assertThatThrownBy(() -> small.generateAll(List.of("a", longPrompt.repeat(3)), five))
          .isInstanceOf(ContextFullException.class);
      assertThatThrownBy(() -> small.generateAll(longPrompt.repeat(3), 2, five))
          .isInstanceOf(ContextFullException.class);
      assertThat(small.nPast()).isZero();
      assertSame(small.generateAll(List.of("a"), five).get(0), alone("a", five));
    }
  }

  // ---- ends

  @Test
  void cancellingTheSessionEndsAll() {
    int[] count = {0};
    try (ParallelGeneration parallel = session.parallel(PROMPT, 2)) {
      for (int i = 0; i < 3; i++) {
        parallel.add("", CONFIG.withProcessor(logits -> logits.ban(TinyWords.EOS)));
      }
      boolean more = true;
      while (more) {
        more =
            parallel.step(
                (index, piece) -> {
                  if (++count[0] == 8) {
                    session.cancel();
                  }
                });
      }
      assertThat(parallel.results())
          .allSatisfy(h -> assertThat(h.reason()).contains(StopReason.CANCELLED));
      assertThat(parallel.results().stream().map(h -> h.tokens().size())).containsExactly(4, 4, 0);
    }
    assertThat(session.generateAll("a", 1, CONFIG.withMaxTokens(2)).get(0).tokens()).hasSize(2);
  }

  @Test
  void oneCanBeCancelled() {
    GenerationConfig noEnd = CONFIG.withProcessor(logits -> logits.ban(TinyWords.EOS));
    try (ParallelGeneration parallel = session.parallel(PROMPT, 2)) {
      for (int i = 0; i < 3; i++) {
        parallel.add("", noEnd.withSeed(i));
      }
      parallel.step();
      parallel.cancel(0);
      parallel.cancel(0);
      List<Hypothesis> found = parallel.finish();
      assertThat(found.get(0).reason()).contains(StopReason.CANCELLED);
      assertThat(found.get(0).tokens().size()).isLessThan(5);
      assertSame(found.get(1), alone(PROMPT, noEnd.withSeed(1)));
      assertSame(found.get(2), alone(PROMPT, noEnd.withSeed(2)));
    }
  }

  @Test
  void theSessionCanBeUsedBetweenSteps() {
    try (ParallelGeneration parallel = session.parallel(PROMPT, 2)) {
      parallel.add("", CONFIG);
      parallel.add("", CONFIG.withSeed(5));
      parallel.step();
      session.generate(" a b", CONFIG).text();
      parallel.step();
      session.removeTokens(0, 2, 100);
      assertSame(parallel.finish().get(0), alone(PROMPT, CONFIG));
      assertSame(parallel.result(1), alone(PROMPT, CONFIG.withSeed(5)));

      parallel.add("", CONFIG.withSeed(6));
      parallel.step();
      session.reset();
      assertThatIllegalStateException()
          .isThrownBy(parallel::step)
          .withMessageContaining("removed from the session");
    }
  }

  @Test
  void closingGivesBackTheCells() {
    session.close();
    session = model.newSession(OPTIONS.withBatch(64));
    ParallelGeneration parallel = session.parallel(PROMPT, 60);
    for (int i = 0; i < 60; i++) {
      parallel.add("", CONFIG.withSeed(i));
    }
    parallel.step();
    int[] tokens = {TinyWords.BOS, 4};
    assertThatIllegalStateException()
        .isThrownBy(() -> session.search(tokens, BeamSearchConfig.of(20)))
        .withMessageContaining("20 sequences");
    parallel.close();
    parallel.close();
    assertThat(session.generateAll("a", 62, CONFIG.withMaxTokens(2))).hasSize(62);

    Session other = model.newSession(OPTIONS);
    ParallelGeneration late = other.parallel(PROMPT, 2);
    late.add("", CONFIG);
    other.close();
    assertThatIllegalStateException().isThrownBy(late::step);
    late.close();
  }

  @Test
  void misuseIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> session.parallel("a", 0));
    assertThatIllegalArgumentException().isThrownBy(() -> session.generateAll("a", 0, CONFIG));
    try (ParallelGeneration parallel = session.parallel("", 2)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> parallel.add(new int[0], CONFIG))
          .withMessageContaining("nothing to continue");
      assertThatIllegalArgumentException().isThrownBy(() -> parallel.add(new int[] {99}, CONFIG));
      assertThatThrownBy(() -> parallel.result(0)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(parallel.step()).isFalse();
    }
  }
}
