package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with layers that see a window of 8 tokens only, whose cells are few. */
@NothingStaysOpen.Shared
class WindowedSearchTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults()
          .withContext(1024)
          .withBatch(64)
          .withThreads(1)
          .withFlashAttn(false)
          .withKvType(GgmlType.F32);

  @TempDir static Path folder;
  private static Model model;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    model = TinyWords.load(folder, Toys.byName("gemma2"));
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

  private static int[] prompt(int n) {
    int[] tokens = new int[n];
    Arrays.setAll(tokens, i -> i == 0 ? TinyWords.BOS : TinyWords.FIRST_WORD + i * i % 29);
    return tokens;
  }

  private static double teacher(int[] prompt, int... tokens) {
    try (Session s = model.newSession(OPTIONS)) {
      return Arrays.stream(new TeacherForcing(s).of(prompt, tokens)).sum();
    }
  }

  @Test
  void beamsKeepTheirWindows() {
    int[] prompt = prompt(20);
    BeamSearchConfig config =
        BeamSearchConfig.of(4)
            .withNBest(4)
            .withMaxTokens(15)
            .withProcessor(logits -> logits.ban(TinyWords.EOS));
    for (Hypothesis h : session.search(prompt, config)) {
      assertThat(h.tokens()).hasSize(15);
      assertThat(h.score()).isCloseTo(teacher(prompt, h.tokenIds()), within(1e-4));
    }
    assertThat(session.nPast()).isEqualTo(20);
  }

  @Test
  void longSearchesUseTheCellsOfTheWindowsAgain() {
    int[] prompt = prompt(300); // more than the layers with a window have cells
    BeamSearchConfig config =
        BeamSearchConfig.of(5)
            .withMaxTokens(120)
            .withProcessor(logits -> logits.ban(TinyWords.EOS));
    Hypothesis best = session.search(prompt, config).get(0);
    assertThat(best.reason()).contains(StopReason.TOKEN_LIMIT);
    int[] begin = Arrays.copyOf(best.tokenIds(), 3);
    assertThat(best.tokens().subList(0, 3).stream().mapToDouble(t -> t.logProbability()).sum())
        .isCloseTo(teacher(prompt, begin), within(1e-4));
    Hypothesis contrast =
        session.search(
            new int[] {5},
            ContrastiveSearchConfig.of(3)
                .withMaxTokens(100)
                .withProcessor(logits -> logits.ban(TinyWords.EOS)));
    assertThat(contrast.reason()).contains(StopReason.TOKEN_LIMIT);
  }

  @Test
  void tooManyForTheWindowsEndOneByOne() {
    GenerationConfig config =
        GenerationConfig.defaults()
            .withSeed(1)
            .withMaxTokens(12)
            .withProcessor(logits -> logits.ban(TinyWords.EOS));
    List<Hypothesis> found = session.generateAll("d e f g", 60, config);
    assertThat(found).hasSize(60);
    assertThat(found.get(0).reason()).contains(StopReason.TOKEN_LIMIT);
    assertThat(found.get(59).reason())
        .isIn(Optional.of(StopReason.CONTEXT_FULL), Optional.of(StopReason.TOKEN_LIMIT));
    for (int i = 0; i < 60; i += 20) {
      session.reset();
      Generation alone = session.generate("d e f g", config.withSeed(1 + i));
      assertThat(alone.text()).startsWith(found.get(i).text());
    }
  }
}
