package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.ScoredToken;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.sampling.LogProbs;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.SamplerSettings;
import org.ggml4j.sampling.TokenLogProbability;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Alternatives of each token before and after the samplers, and what samplers see of the text. */
@NothingStaysOpen.Shared
class LogProbsTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults()
          .withContext(256)
          .withBatch(32)
          .withThreads(1)
          .withFlashAttn(false)
          .withKvType(GgmlType.F32);
  private static final String PROMPT = "a b c dog";
  private static final GenerationConfig CONFIG =
      GenerationConfig.defaults()
          .withTemperature(0.5f)
          .withTopK(5)
          .withTopP(1)
          .withMinP(0)
          .withMaxTokens(12)
          .withSeed(3);

  @TempDir static Path folder;
  private static Model model;

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

  private static List<Piece> generate(GenerationConfig config) {
    try (Session session = model.newSession(OPTIONS)) {
      return session.generate(PROMPT, config).stream().toList();
    }
  }

  @Test
  void alternativesAreTheModelsAndTheChains() {
    GenerationConfig config = CONFIG.withSamplers(CONFIG.samplers().withLogitBias(Map.of(7, 1.5f)));
    List<Piece> pieces = generate(config.withLogProbs(4));
    try (Session session = model.newSession(OPTIONS)) {
      session.append(model.tokenizer().encode(PROMPT));
      for (Piece piece : pieces) {
        float[] row = new float[model.hparams().nVocab()];
        session.readLogits(0, row);
        LogProbs found = piece.logProbs().orElseThrow();

        Logits before = Logits.of(row);
        assertThat(found.model()).isEqualTo(before.topN(4));
        assertThat(piece.logProbability()).isEqualTo(before.logProbability(piece.token()));

        Logits after = Logits.of(row);
        after.add(7, 1.5f);
        after.keepTop(5);
        after.divide(0.5f);
        assertThat(found.candidates()).hasSize(4);
        for (int i = 0; i < 4; i++) {
          TokenLogProbability candidate = found.candidates().get(i);
          assertThat(candidate.token()).isEqualTo(after.token(i));
          assertThat(candidate.logProbability())
              .isCloseTo(Math.log(after.probability(i)), within(1e-6));
        }
        assertThat(found.candidateLogProbability())
            .isCloseTo(after.candidateLogProbability(piece.token()), within(1e-6));
        session.append(piece.token());
      }
    }
    assertThat(pieces).hasSize(12);
  }

  @Test
  void askingForThemDoesNotChangeTheText() {
    List<Piece> plain = generate(CONFIG);
    assertThat(plain).allMatch(p -> p.logProbs().isEmpty());
    List<Piece> asked = generate(CONFIG.withLogProbs(3));
    assertThat(asked.stream().map(Piece::token))
        .isEqualTo(plain.stream().map(Piece::token).toList());
    List<Piece> alone = generate(CONFIG.withLogProbs(0));
    for (int i = 0; i < alone.size(); i++) {
      LogProbs logProbs = alone.get(i).logProbs().orElseThrow();
      assertThat(logProbs.model()).isEmpty();
      assertThat(logProbs.candidates()).isEmpty();
      assertThat(logProbs.candidateLogProbability())
          .isEqualTo(asked.get(i).logProbs().orElseThrow().candidateLogProbability());
    }
  }

  @Test
  void greedyLeavesOneCandidate() {
    for (Piece piece : generate(GenerationConfig.greedy().withMaxTokens(5).withLogProbs(3))) {
      LogProbs logProbs = piece.logProbs().orElseThrow();
      assertThat(logProbs.candidates()).hasSize(1);
      assertThat(logProbs.candidates().get(0).token()).isEqualTo(piece.token());
      assertThat(logProbs.candidateLogProbability()).isZero();
      assertThat(logProbs.model()).hasSize(3);
      assertThat(logProbs.model().get(0).token()).isEqualTo(piece.token());
    }
  }

  @Test
  void severalAtATimeHaveThem() {
    GenerationConfig config = CONFIG.withLogProbs(2);
    List<Piece> streamed = new ArrayList<>();
    List<Hypothesis> found;
    try (Session session = model.newSession(OPTIONS);
        ParallelGeneration parallel = session.parallel(PROMPT, 2)) {
      parallel.add(new int[0], config);
      parallel.add(new int[0], CONFIG.withSeed(4));
      while (parallel.step(
          (index, piece) -> {
            if (index == 0) {
              streamed.add(piece);
            }
          })) {}
      found = parallel.results();
    }
    List<Piece> alone = generate(config);
    assertThat(streamed).hasSameSizeAs(alone);
    assertThat(found.get(0).tokens().stream().map(ScoredToken::logProbs))
        .isEqualTo(streamed.stream().map(Piece::logProbs).toList());
    assertThat(found.get(1).tokens()).allMatch(token -> token.logProbs().isEmpty());
    for (int i = 0; i < alone.size(); i++) {
      assertThat(streamed.get(i).token()).isEqualTo(alone.get(i).token());
      assertThat(streamed.get(i).logProbs().orElseThrow().candidateLogProbability())
          .isCloseTo(alone.get(i).logProbs().orElseThrow().candidateLogProbability(), within(1e-4));
    }
  }

  @Test
  void beamsHaveThem() {
    LogitsProcessor bias = logits -> logits.add(7, 1.5f);
    BeamSearchConfig config = BeamSearchConfig.of(3).withNBest(3).withMaxTokens(6);
    try (Session session = model.newSession(OPTIONS)) {
      List<Hypothesis> plain = session.search(PROMPT, config.withProcessor(bias));
      session.reset();
      List<Hypothesis> told = session.search(PROMPT, config.withProcessor(bias).withLogProbs(4));
      for (int i = 0; i < told.size(); i++) {
        assertThat(told.get(i).tokenIds()).isEqualTo(plain.get(i).tokenIds());
        assertThat(told.get(i).score()).isEqualTo(plain.get(i).score());
        assertThat(plain.get(i).tokens()).allMatch(token -> token.logProbs().isEmpty());
        assertAlternatives(told.get(i), bias, 4);
      }
    }
  }

  @Test
  void contrastiveSearchHasThem() {
    LogitsProcessor bias = logits -> logits.add(7, 1.5f);
    ContrastiveSearchConfig config = ContrastiveSearchConfig.of(3).withMaxTokens(6);
    try (Session session = model.newSession(OPTIONS)) {
      Hypothesis plain = session.search(PROMPT, config.withProcessor(bias));
      session.reset();
      Hypothesis told = session.search(PROMPT, config.withProcessor(bias).withLogProbs(4));
      assertThat(told.tokenIds()).isEqualTo(plain.tokenIds());
      assertAlternatives(told, bias, 4);
    }
  }

  /** A search's alternatives are those that the logits say when its tokens are evaluated again. */
  private static void assertAlternatives(Hypothesis found, LogitsProcessor processor, int n) {
    try (Session session = model.newSession(OPTIONS)) {
      session.append(model.tokenizer().encode(PROMPT));
      for (ScoredToken token : found.tokens()) {
        float[] row = new float[model.hparams().nVocab()];
        session.readLogits(0, row);
        LogProbs alternatives = token.logProbs().orElseThrow();
        Logits logits = Logits.of(row);
        assertSame(alternatives.model(), logits.topN(n));
        processor.process(logits);
        assertSame(alternatives.candidates(), logits.topCandidates(n));
        assertThat(alternatives.candidateLogProbability())
            .isCloseTo(logits.candidateLogProbability(token.token()), within(1e-4));
        session.append(token.token());
      }
    }
  }

  private static void assertSame(List<TokenLogProbability> found, List<TokenLogProbability> same) {
    assertThat(found).hasSameSizeAs(same);
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).token()).isEqualTo(same.get(i).token());
      assertThat(found.get(i).logProbability())
          .isCloseTo(same.get(i).logProbability(), within(1e-4));
    }
  }

  @Test
  void aNegativeNumberIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BeamSearchConfig.of(2).withLogProbs(-1))
        .withMessage("logProbs: expected 0 or more, found -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ContrastiveSearchConfig.of(2).withLogProbs(-1))
        .withMessage("logProbs: expected 0 or more, found -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CONFIG.withLogProbs(-1))
        .withMessage("logProbs: expected 0 or more, found -1");
  }

  /** A penalty counts what the session held before, whether it was a prompt or generated. */
  @Test
  void samplersSeeTheWholeText() {
    GenerationConfig penalized =
        CONFIG
            .withMaxTokens(1)
            .withSamplers(
                SamplerSettings.defaults()
                    .withTemperature(1)
                    .withIgnoreEos(true)
                    .withPenalties(new SamplerSettings.Penalties(64, 1, 0, 100)));
    int[] prompt = model.tokenizer().encode(PROMPT);
    long others =
        model.hparams().nVocab()
            - Arrays.stream(prompt).distinct().count()
            - model.tokenizer().special().endOfGeneration().length;
    try (Session session = model.newSession(OPTIONS)) {
      session.append(prompt);
      List<Integer> all = new ArrayList<>();
      for (int i = 0; i < others - 1; i++) { // each call goes on from what the one before generated
        session.generate("", penalized).forEach(piece -> all.add(piece.token()));
      }
      int parallel = session.generateAll("", 1, penalized).get(0).tokenIds()[0];
      assertThat(all).hasSizeGreaterThan(2).doesNotHaveDuplicates().doesNotContain(parallel);
      assertThat(all).doesNotContainAnyElementsOf(Arrays.stream(prompt).boxed().toList());
      assertThat(prompt).doesNotContain(parallel);
    }
  }
}
