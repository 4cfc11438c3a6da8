package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.ScoredToken;
import org.ggml4j.decode.StopReason;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NothingStaysOpen.Shared
class ContrastiveSearchTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(128).withBatch(16).withThreads(1);
  private static final int[] PROMPT = {TinyWords.BOS, 4, 3, 5, 6, 3};

  @TempDir static Path folder;
  private static Model model;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    model = TinyWords.load(folder, TinyGguf.small(), List.of(" a", " b", " c", "d", "e", " f"));
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

  /** The last hidden states of all tokens of a text, evaluated from its begin. */
  private static List<float[]> states(Session session, int... text) {
    session.reset();
    List<float[]> states = new ArrayList<>();
    Batch batch = new Batch();
    for (int i = 0; i < text.length; i++) {
      batch.clear();
      batch.add(text[i], i, 0, true);
      session.evaluator().evaluate(batch, Output.LOGITS_AND_EMBEDDINGS);
      float[] state = new float[model.hparams().nEmbd()];
      session.evaluator().readEmbedding(0, state);
      states.add(state);
    }
    return states;
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  /** The paper's rule, with everything computed anew for every candidate. */
  private static int[] reference(Session session, ContrastiveSearchConfig config) {
    TeacherForcing model = new TeacherForcing(session);
    int[] text = PROMPT;
    for (int n = 0; n < config.maxTokens(); n++) {
      int[] before = text;
      double[] next = model.next(before);
      int[] candidates =
          IntStream.range(0, next.length)
              .boxed()
              .sorted((a, b) -> Double.compare(next[b], next[a]))
              .limit(config.topK())
              .mapToInt(i -> i)
              .toArray();
      int best = -1;
      double max = Double.NEGATIVE_INFINITY;
      for (int candidate : candidates) {
        List<float[]> states = states(session, TeacherForcing.concat(before, candidate));
        float[] own = states.remove(before.length);
        double like = states.stream().mapToDouble(s -> cosine(s, own)).max().orElseThrow();
        double value =
            (1 - config.penaltyAlpha()) * Math.exp(next[candidate]) - config.penaltyAlpha() * like;
        if (value > max) {
          max = value;
          best = candidate;
        }
      }
      text = TeacherForcing.concat(text, best);
      if (best == TinyWords.EOS) {
        break;
      }
    }
    return Arrays.copyOfRange(text, PROMPT.length, text.length);
  }

  @Test
  void choosesAsThePaperDoes() {
    for (double alpha : new double[] {0.1, 0.4, 0.6, 1}) {
      for (int k : new int[] {2, 4, 9}) {
        ContrastiveSearchConfig config =
            ContrastiveSearchConfig.of(k).withPenaltyAlpha(alpha).withMaxTokens(12);
        session.reset();
        Hypothesis found = session.search(PROMPT, config);
        assertThat(found.tokenIds()).isEqualTo(reference(session, config));
      }
    }
  }

  @Test
  void withoutPenaltyOrChoiceItIsGreedy() {
    GenerationConfig greedy = GenerationConfig.greedy().withMaxTokens(20);
    Generation generation = session.generate(PROMPT, greedy);
    int[] expected = generation.stream().mapToInt(Piece::token).toArray();
    for (ContrastiveSearchConfig config :
        List.of(ContrastiveSearchConfig.of(1), ContrastiveSearchConfig.of(5).withPenaltyAlpha(0))) {
      session.reset();
      Hypothesis found = session.search(PROMPT, config.withMaxTokens(20));
      assertThat(found.tokenIds()).isEqualTo(expected);
      assertThat(found.text()).isEqualTo(generation.text());
      assertThat(found.reason()).isEqualTo(generation.stopReason());
    }
  }

  @Test
  void scoresAreThoseOfTeacherForcing() {
    Hypothesis found = session.search(PROMPT, ContrastiveSearchConfig.of(4).withMaxTokens(15));
    double[] expected;
    try (Session other = model.newSession(OPTIONS)) {
      expected = new TeacherForcing(other).of(PROMPT, found.tokenIds());
    }
    assertThat(found.tokens().stream().mapToDouble(ScoredToken::logProbability).toArray())
        .containsExactly(expected, within(1e-4));
    assertThat(found.score()).isCloseTo(Arrays.stream(expected).sum(), within(1e-4));
    assertThat(found.normalizedScore()).isEqualTo(found.score() / expected.length);
  }

  @Test
  void aLongPromptIsEvaluatedInChunks() {
    int[] prompt = new int[50];
    Arrays.setAll(prompt, i -> 3 + i * i % 5);
    ContrastiveSearchConfig config = ContrastiveSearchConfig.of(3).withMaxTokens(8);
    Hypothesis chunked = session.search(prompt, config);
    try (Session wide = model.newSession(OPTIONS.withBatch(64))) {
      assertThat(wide.search(prompt, config).tokenIds()).isEqualTo(chunked.tokenIds());
    }
    assertThat(session.nPast()).isEqualTo(50);
  }

  @Test
  void itEndsForAllTheUsualReasons() {
    ContrastiveSearchConfig noEnd =
        ContrastiveSearchConfig.of(3).withProcessor(logits -> logits.ban(TinyWords.EOS));
    Hypothesis full = session.search(PROMPT, noEnd);
    assertThat(full.reason()).contains(StopReason.CONTEXT_FULL);
    assertThat(full.tokens()).hasSize(128 - PROMPT.length - 2);

    session.reset();
    Hypothesis stopped = session.search(PROMPT, noEnd.withStop(full.text().substring(6, 10)));
    assertThat(stopped.reason()).contains(StopReason.STOP_STRING);
    assertThat(full.text()).startsWith(stopped.text());
    assertThat(stopped.text()).hasSizeLessThan(7);

    session.reset();
    Hypothesis ended =
        session.search(
            PROMPT,
            noEnd
                .withProcessor(
                    logits -> {
                      if (logits.history().size() > PROMPT.length + 2) {
                        logits.keepIf((token, logit) -> token == 0); // nothing but <unk>
                      }
                    })
                .withMaxTokens(6));
    assertThat(ended.reason()).contains(StopReason.TOKEN_LIMIT);
    assertThat(ended.tokenIds()).endsWith(0, 0, 0);
  }

  @Test
  void anEndTokenEndsIt() {
    ContrastiveSearchConfig config =
        ContrastiveSearchConfig.of(3)
            .withProcessor(
                logits -> {
                  if (logits.history().size() == PROMPT.length + 2) {
                    logits.keepIf((token, logit) -> token == TinyWords.EOS);
                  }
                });
    Hypothesis ended = session.search(PROMPT, config);
    assertThat(ended.reason()).contains(StopReason.END_OF_TEXT);
    assertThat(ended.tokens()).hasSize(3);
    assertThat(ended.text()).isEqualTo(textOf(Arrays.copyOf(ended.tokenIds(), 2)));
  }

  private static String textOf(int... tokens) {
    String begin = model.tokenizer().decode(PROMPT);
    return model
        .tokenizer()
        .decode(TeacherForcing.concat(PROMPT, tokens))
        .substring(begin.length());
  }

  @Test
  void cancellingGivesWhatThereIs() {
    List<Hypothesis> seen = new ArrayList<>();
    Hypothesis found =
        session.search(
            PROMPT,
            ContrastiveSearchConfig.of(3)
                .withProcessor(logits -> logits.ban(TinyWords.EOS))
                .withListener(
                    soFar -> {
                      seen.add(soFar);
                      if (seen.size() == 4) {
                        session.cancel();
                      }
                    }));
    assertThat(seen).hasSize(4).allSatisfy(h -> assertThat(h.reason()).isEmpty());
    assertThat(found.tokens()).isEqualTo(seen.get(3).tokens()).hasSize(4);
    assertThat(found.reason()).contains(StopReason.CANCELLED);
    assertThat(session.nPast()).isEqualTo(PROMPT.length);
    for (int s = 1; s < 64; s++) {
      assertThat(session.nPast(s)).isZero();
    }
  }

  @Test
  void misuseIsRefused() {
    ContrastiveSearchConfig config = ContrastiveSearchConfig.of(2);
    assertThatIllegalArgumentException().isThrownBy(() -> ContrastiveSearchConfig.of(0));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withPenaltyAlpha(1.1));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withMaxTokens(0));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withStop(""));
    assertThatIllegalArgumentException().isThrownBy(() -> session.search(new int[0], config));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.search(PROMPT, ContrastiveSearchConfig.of(17)))
        .withMessageContaining("at most the session's batch size 16");
    session.append(1, 3);
    assertThatThrownBy(() -> session.search(new int[127], config))
        .isInstanceOf(ContextFullException.class);
    assertThat(session.nPast()).isEqualTo(2);
  }
}
