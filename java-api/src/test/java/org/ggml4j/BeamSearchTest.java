package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.BeamSearchConfig.EarlyStopping;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.ScoredToken;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.sampling.InvalidLogitsException;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NothingStaysOpen.Shared
class BeamSearchTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(256).withThreads(1);
  private static final int[] PROMPT = {TinyWords.BOS, 4, 3, 5};

  @TempDir static Path folder;
  private static Model model;
  private static TeacherForcing teacher;
  private static Session teaching;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    model = TinyWords.load(folder, TinyGguf.small(), List.of(" a", " b", " c", "d"));
    teaching = model.newSession(OPTIONS);
    teacher = new TeacherForcing(teaching);
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

  private static List<List<Integer>> tokens(List<Hypothesis> hypotheses) {
    return hypotheses.stream().map(BeamSearchTest::tokens).toList();
  }

  private static List<Integer> tokens(Hypothesis hypothesis) {
    return hypothesis.tokens().stream().map(ScoredToken::token).toList();
  }

  // ---- what is found

  @Test
  void fullWidthFindsWhatTryingAllTextsFinds() {
    for (double penalty : new double[] {0, 1, 2.5}) {
      BeamSearchConfig config =
          BeamSearchConfig.of(60).withNBest(40).withMaxTokens(3).withLengthPenalty(penalty);
      List<ReferenceBeamSearch.Text> all = new ArrayList<>();
      addAllTexts(new int[0], 0, 3, penalty, all);
      all.sort(Comparator.comparingDouble(ReferenceBeamSearch.Text::normalized).reversed());

      List<Hypothesis> found = session.search(PROMPT, config);
      session.reset();

      assertThat(all).hasSize(1 + 6 + 36 * 7);
      assertSame(found, all.subList(0, 40));
    }
  }

  private static void addAllTexts(
      int[] begin, double score, int depth, double penalty, List<ReferenceBeamSearch.Text> to) {
    double[] next = teacher.next(TeacherForcing.concat(PROMPT, begin));
    for (int v = 0; v < next.length; v++) {
      int[] text = TeacherForcing.concat(begin, v);
      double sum = score + next[v];
      if (v == TinyWords.EOS || depth == 1) {
        to.add(new ReferenceBeamSearch.Text(text, sum, sum / Math.pow(text.length, penalty)));
      } else {
        addAllTexts(text, sum, depth - 1, penalty, to);
      }
    }
  }

  private static void assertSame(List<Hypothesis> found, List<ReferenceBeamSearch.Text> expected) {
    assertThat(tokens(found))
        .isEqualTo(expected.stream().map(t -> Arrays.stream(t.tokens()).boxed().toList()).toList());
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).score()).isCloseTo(expected.get(i).score(), within(1e-4));
      assertThat(found.get(i).normalizedScore())
          .isCloseTo(expected.get(i).normalized(), within(1e-4));
    }
  }

  @Test
  void everySearchIsThatOfTheReference() {
    for (int width : new int[] {1, 2, 3, 6}) {
      for (double penalty : new double[] {-0.5, 0, 1, 1.7}) {
        for (EarlyStopping early : EarlyStopping.values()) {
          BeamSearchConfig config =
              BeamSearchConfig.of(width)
                  .withNBest(width)
                  .withMaxTokens(9)
                  .withLengthPenalty(penalty)
                  .withEarlyStopping(early);
          check(config);
          if (width == 6) {
            check(config.withGroups(3, 0.7));
            check(config.withGroups(6, 5));
            check(config.withGroups(2, 0));
          }
        }
      }
    }
  }

  private void check(BeamSearchConfig config) {
    for (int first = TinyWords.FIRST_WORD; first < 7; first++) {
      int[] prompt = {TinyWords.BOS, first};
      session.reset();
      assertSame(
          session.search(prompt, config), new ReferenceBeamSearch(teacher, prompt, config).run());
    }
  }

  @Test
  void widthOneIsGreedy() {
    Set<Optional<StopReason>> reasons = new TreeSet<>(Comparator.comparing(Optional::orElseThrow));
    for (int first = 0; first < 7; first++) {
      for (int second = 0; second < 7; second++) {
        int[] prompt = {TinyWords.BOS, first, second};
        session.reset();
        Generation greedy = session.generate(prompt, GenerationConfig.greedy().withMaxTokens(30));
        List<Piece> pieces = greedy.stream().toList();
        session.reset();
        Hypothesis best = session.search(prompt, BeamSearchConfig.of(1).withMaxTokens(30)).get(0);

        assertThat(tokens(best)).isEqualTo(pieces.stream().map(Piece::token).toList());
        assertThat(best.text()).isEqualTo(greedy.text());
        assertThat(best.reason()).isEqualTo(greedy.stopReason());
        for (int i = 0; i < pieces.size(); i++) {
          assertThat(best.tokens().get(i).logProbability())
              .isCloseTo(pieces.get(i).logProbability(), within(1e-4));
        }
        reasons.add(best.reason());
      }
    }
    assertThat(reasons)
        .containsExactly(Optional.of(StopReason.END_OF_TEXT), Optional.of(StopReason.TOKEN_LIMIT));
  }

  @Test
  void scoresAreThoseOfTeacherForcing() {
    List<Hypothesis> found =
        session.search(PROMPT, BeamSearchConfig.of(5).withNBest(5).withMaxTokens(20));

    assertThat(found).hasSize(5);
    assertThat(found)
        .isSortedAccordingTo(Comparator.comparingDouble(Hypothesis::normalizedScore).reversed());
    for (Hypothesis h : found) {
      double[] expected = teacher.of(PROMPT, h.tokenIds());
      assertThat(h.tokens().stream().mapToDouble(ScoredToken::logProbability).toArray())
          .containsExactly(expected, within(1e-4));
      assertThat(h.score()).isCloseTo(Arrays.stream(expected).sum(), within(1e-4));
      assertThat(h.normalizedScore()).isCloseTo(h.score() / expected.length, within(1e-12));
    }
  }

  @Test
  void theSameSearchGivesTheSameAgain() {
    BeamSearchConfig config = BeamSearchConfig.of(4).withNBest(4).withMaxTokens(25);
    List<Hypothesis> first = session.search(PROMPT, config);
    session.reset();
    assertThat(session.search(PROMPT, config)).isEqualTo(first);
  }

  @Test
  void quantizedCachesAndExplicitAttentionWorkToo() {
    BeamSearchConfig config = BeamSearchConfig.of(4).withNBest(4).withMaxTokens(12);
    List<Hypothesis> expected = session.search(PROMPT, config);
    try (Session explicit = model.newSession(OPTIONS.withFlashAttn(false))) {
      assertThat(tokens(explicit.search(PROMPT, config))).isEqualTo(tokens(expected));
    }
  }

  // ---- groups

  @Test
  void groupsDiffer() {
    BeamSearchConfig plain = BeamSearchConfig.of(4).withNBest(4).withMaxTokens(8);
    List<Hypothesis> same = session.search(PROMPT, plain);
    session.reset();
    List<Hypothesis> diverse = session.search(PROMPT, plain.withGroups(4, 100));

    assertThat(firstTokens(diverse)).hasSize(4);
    assertThat(firstTokens(same)).hasSizeLessThan(4);
    session.reset();
    // The first group does not know of the others.
    List<Integer> greedy =
        tokens(session.search(PROMPT, BeamSearchConfig.of(1).withMaxTokens(8)).get(0));
    assertThat(tokens(diverse)).contains(greedy);
    diverse.forEach(
        h ->
            assertThat(h.score())
                .isCloseTo(Arrays.stream(teacher.of(PROMPT, h.tokenIds())).sum(), within(1e-4)));
  }

  private static Set<Integer> firstTokens(List<Hypothesis> hypotheses) {
    return hypotheses.stream().map(h -> h.tokens().get(0).token()).collect(Collectors.toSet());
  }

  // ---- processors

  /** Allows words of odd and even numbers in turn, and checks that it sees one text grow. */
  private static final class InTurn implements LogitsProcessor {
    private int[] seen;

    InTurn(int... seen) {
      this.seen = seen.clone();
    }

    @Override
    public void process(Logits logits) {
      int[] now = new int[logits.history().size()];
      Arrays.setAll(now, logits.history()::get);
      assertThat(now).startsWith(seen).hasSizeLessThanOrEqualTo(seen.length + 1);
      assertThat(logits.history().promptSize()).isEqualTo(PROMPT.length);
      seen = now;
      for (int v = 0; v < logits.nVocab(); v++) {
        if (v % 2 == now[now.length - 1] % 2) {
          logits.ban(v);
        }
      }
    }

    @Override
    public LogitsProcessor fork() {
      return new InTurn(seen);
    }
  }

  @Test
  void eachBeamHasItsOwnProcessor() {
    InTurn original = new InTurn(PROMPT);
    List<Hypothesis> found =
        session.search(
            PROMPT, BeamSearchConfig.of(6).withNBest(6).withMaxTokens(10).withProcessor(original));

    assertThat(found).hasSize(6);
    for (Hypothesis h : found) {
      int last = PROMPT[PROMPT.length - 1];
      for (int token : h.tokenIds()) {
        assertThat(token % 2).isNotEqualTo(last % 2);
        last = token;
      }
      // A ban changes no log-probability.
      assertThat(h.score())
          .isCloseTo(Arrays.stream(teacher.of(PROMPT, h.tokenIds())).sum(), within(1e-4));
      assertThat(h.normalizedScore()).isCloseTo(h.score() / h.tokens().size(), within(1e-6));
    }
    assertThat(original.seen).isEqualTo(PROMPT);
  }

  @Test
  void whatAProcessorAddsCountsInTheOrder() {
    BeamSearchConfig config = BeamSearchConfig.of(3).withNBest(3).withMaxTokens(4);
    List<Hypothesis> found =
        session.search(PROMPT, config.withProcessor(logits -> logits.add(6, 5)));

    assertThat(tokens(found).get(0)).contains(6);
    for (Hypothesis h : found) {
      long added = tokens(h).stream().filter(t -> t == 6).count();
      assertThat(h.score())
          .isCloseTo(Arrays.stream(teacher.of(PROMPT, h.tokenIds())).sum(), within(1e-4));
      assertThat(h.normalizedScore())
          .isCloseTo((h.score() + 5 * added) / h.tokens().size(), within(1e-4));
    }
  }

  @Test
  void beamsWithoutATokenEnd() {
    // After word 3 nothing is allowed, so no hypothesis has it before its end.
    LogitsProcessor deadEnd =
        logits -> {
          if (logits.history().get(logits.history().size() - 1) == 3) {
            logits.keepIf((token, logit) -> false);
          }
        };
    List<Hypothesis> found =
        session.search(
            new int[] {1, 4},
            BeamSearchConfig.of(5).withNBest(5).withMaxTokens(6).withProcessor(deadEnd));
    assertThat(found).hasSize(5);
    found.forEach(h -> assertThat(tokens(h).subList(0, h.tokens().size() - 1)).doesNotContain(3));
  }

  @Test
  void noTokenAtAllIsAnError() {
    LogitsProcessor nothing = logits -> logits.keepIf((token, logit) -> false);
    assertThatThrownBy(() -> session.search(PROMPT, BeamSearchConfig.of(3).withProcessor(nothing)))
        .isInstanceOf(InvalidLogitsException.class)
        .hasMessageContaining("relax");
    assertThat(session.search(new int[] {4}, BeamSearchConfig.of(2).withMaxTokens(2))).hasSize(1);
  }

  // ---- ends

  @Test
  void aStopStringEndsAHypothesis() {
    BeamSearchConfig config =
        BeamSearchConfig.of(4).withNBest(4).withMaxTokens(12).withLengthPenalty(0);
    List<Hypothesis> found = session.search(PROMPT, config.withStop("d", "b c"));

    assertThat(found).anySatisfy(h -> assertThat(h.reason()).contains(StopReason.STOP_STRING));
    for (Hypothesis h : found) {
      assertThat(h.text()).doesNotContain("d").doesNotContain("b c");
      String whole = model.tokenizer().decode(TeacherForcing.concat(PROMPT, h.tokenIds()));
      assertThat(whole).contains(h.text());
      if (h.reason().equals(Optional.of(StopReason.STOP_STRING))) {
        assertThat(whole).matches(".*(d|b c)");
      }
    }
  }

  @Test
  void aFullContextEndsTheSearch() {
    // Explicit attention in F32: its sums do not depend on the cells that are reused at the end.
    SessionOptions exact = OPTIONS.withFlashAttn(false).withKvType(GgmlType.F32);
    try (Session small = model.newSession(exact.withContext(32));
        Session large = model.newSession(exact)) {
      TeacherForcing exactly = new TeacherForcing(large);
      List<Hypothesis> found =
          small.search(
              PROMPT,
              BeamSearchConfig.of(4)
                  .withNBest(4)
                  .withProcessor(logits -> logits.ban(TinyWords.EOS)));
      assertThat(found).hasSize(4);
      for (Hypothesis h : found) {
        assertThat(h.reason()).contains(StopReason.CONTEXT_FULL);
        assertThat(h.tokens()).hasSizeGreaterThanOrEqualTo((32 - PROMPT.length) / 4);
        assertThat(h.score())
            .isCloseTo(Arrays.stream(exactly.of(PROMPT, h.tokenIds())).sum(), within(1e-4));
      }
      assertThat(small.nPast()).isEqualTo(PROMPT.length);
    }
  }

  @Test
  void aPromptThatDoesNotFitChangesNothing() {
    session.append(1, 4);
    assertThatThrownBy(() -> session.search(new int[255], BeamSearchConfig.of(2)))
        .isInstanceOf(ContextFullException.class);
    assertThat(session.nPast()).isEqualTo(2);
    assertThat(session.search(new int[] {5}, BeamSearchConfig.of(2).withMaxTokens(3))).hasSize(1);
  }

  @Test
  void cancellingGivesWhatThereIs() {
    List<Hypothesis> seen = new ArrayList<>();
    List<Hypothesis> found =
        session.search(
            PROMPT,
            BeamSearchConfig.of(3)
                .withNBest(3)
                .withProcessor(logits -> logits.ban(TinyWords.EOS))
                .withListener(
                    best -> {
                      seen.add(best);
                      if (seen.size() == 5) {
                        session.cancel();
                      }
                    }));
    assertThat(seen).hasSize(5);
    assertThat(seen).allSatisfy(h -> assertThat(h.reason()).isEmpty());
    assertThat(seen.get(4).tokens()).hasSize(5);
    assertThat(found).hasSize(3);
    assertThat(found)
        .allSatisfy(h -> assertThat(h.reason()).contains(StopReason.CANCELLED))
        .allSatisfy(h -> assertThat(h.tokens()).hasSize(5));
    assertThat(found.get(0).tokens()).isEqualTo(seen.get(4).tokens());
    assertThat(session.nPast()).isEqualTo(PROMPT.length);
    assertThat(session.search(new int[] {4}, BeamSearchConfig.of(2).withMaxTokens(2))).hasSize(1);
  }

  @Test
  void cancellingThePromptLeavesTheSessionAsItWas() {
    session.append(1, 3);
    LogitsProcessor cancelsWhenForked =
        new LogitsProcessor() {
          @Override
          public void process(Logits logits) {}

          @Override
          public LogitsProcessor fork() {
            session.cancel();
            return this;
          }
        };
    List<Hypothesis> found =
        session.search(
            new int[] {4, 5},
            BeamSearchConfig.of(4).withGroups(2, 1).withNBest(2).withProcessor(cancelsWhenForked));
    assertThat(found).hasSize(1);
    assertThat(found.get(0).tokens()).isEmpty();
    assertThat(found.get(0).text()).isEmpty();
    assertThat(found.get(0).reason()).contains(StopReason.CANCELLED);
    assertThat(session.nPast()).isEqualTo(2);
  }

  // ---- the session

  @Test
  void afterwardsTheSessionHoldsThePrompt() {
    BeamSearchConfig config = BeamSearchConfig.of(4).withMaxTokens(6);
    Hypothesis best = session.search(PROMPT, config).get(0);
    assertThat(session.nPast()).isEqualTo(PROMPT.length);
    for (int s = 1; s < 64; s++) {
      assertThat(session.nPast(s)).isZero();
    }

    GenerationConfig greedy = GenerationConfig.greedy().withMaxTokens(5);
    String on = session.generate(best.tokenIds(), greedy).text();
    try (Session other = model.newSession(OPTIONS)) {
      assertThat(other.generate(TeacherForcing.concat(PROMPT, best.tokenIds()), greedy).text())
          .isEqualTo(on);
    }
  }

  @Test
  void aSearchContinuesTheTextOfTheSession() {
    BeamSearchConfig config = BeamSearchConfig.of(3).withNBest(3).withMaxTokens(6);
    List<Hypothesis> whole = session.search(PROMPT, config);
    session.reset();
    GenerationConfig one = GenerationConfig.defaults().withMaxTokens(1);
    // A token that was generated but not evaluated belongs to the text.
    session.generate(new int[] {1, 4}, one.withSampler(logits -> 3)).text();
    assertThat(tokens(session.search(new int[] {5}, config))).isEqualTo(tokens(whole));
    assertThat(session.nPast()).isEqualTo(PROMPT.length);
  }

  @Test
  void graphsAreReused() {
    BeamSearchConfig config =
        BeamSearchConfig.of(4).withMaxTokens(40).withProcessor(logits -> logits.ban(TinyWords.EOS));
    session.search(PROMPT, config);
    long builds = session.graphBuilds();
    session.reset();
    session.search(PROMPT, config);
    assertThat(session.graphBuilds() - builds).isLessThanOrEqualTo(3);
  }

  @Test
  void otherSequencesStay() {
    session.append(PROMPT);
    session.copySequence(0, 7);
    session.search(new int[] {4, 3}, BeamSearchConfig.of(4).withMaxTokens(6));
    assertThat(session.nPast(7)).isEqualTo(PROMPT.length);
    assertThat(session.nPast()).isEqualTo(PROMPT.length + 2);
  }

  @Test
  void misuseIsRefused() {
    BeamSearchConfig config = BeamSearchConfig.of(2);
    assertThatIllegalArgumentException().isThrownBy(() -> BeamSearchConfig.of(0));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withNBest(3));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withGroups(3, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withGroups(2, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withMaxTokens(0));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withStop(""));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withLengthPenalty(Double.NaN));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.search(new int[0], config))
        .withMessageContaining("nothing to continue");
    assertThatIllegalArgumentException().isThrownBy(() -> session.search(new int[] {7}, config));
    try (Session narrow = model.newSession(OPTIONS.withBatch(8))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> narrow.search(PROMPT, BeamSearchConfig.of(9)))
          .withMessageContaining("at most the session's batch size 8");
    }
    assertThatIllegalStateException()
        .isThrownBy(() -> session.search(PROMPT, BeamSearchConfig.of(65)))
        .withMessageContaining("65 sequences");
    assertThat(session.nPast()).isZero();
  }
}
