package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.SequenceMemory;
import org.ggml4j.nn.StateCache;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The states of recurrent layers: with many sequences, taken back, failed, copied and saved. */
class RecurrentTest {
  private static final double LIMIT = 1e-8;

  @TempDir Path folder;

  private Model load(String toy) throws IOException {
    return TinyWords.load(folder, Toys.byName(toy));
  }

  private static int[] text(int from, int to) {
    return Arrays.copyOfRange(Logit.tokens(to, 32), from, to);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void textsOfManyLengthsInOneBatch(String toy) throws IOException {
    for (int nSeq : List.of(3, 12)) { // few lengths, and more than there are runs
      try (Model model = load(toy);
          Session together = model.newSession(Logit.EXACT)) {
        float[][][] rows = new float[nSeq][2 * nSeq][];
        for (int half = 0; half < 2; half++) {
          Batch batch = new Batch();
          for (int t = 0; t < nSeq; t++) {
            for (int s = t; s < nSeq; s++) { // sequence s gets s + 1 tokens
              batch.add(text(0, 40)[s + half * (s + 1) + t], half * (s + 1) + t, s, true);
            }
          }
          together.evaluate(batch);
          float[][] all = Logit.rows(together);
          for (int i = 0; i < batch.size(); i++) {
            rows[batch.sequence(i)][batch.position(i)] = all[i];
          }
        }
        for (int s = 0; s < nSeq; s++) {
          int n = 2 * (s + 1);
          float[][] alone = Logit.alone(model, Logit.EXACT, text(s, s + n));
          assertThat(Logit.nmse(Arrays.copyOf(rows[s], n), alone)).as("of " + s).isLessThan(LIMIT);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void goesBackToAnyPlace(String toy) throws IOException {
    try (Model model = load(toy);
        Session session = model.newSession(Logit.EXACT.withBatch(7))) {
      session.append(text(0, 30));
      for (int n : List.of(29, 28, 20, 3, 0)) {
        session.rewind(n);
        assertThat(session.tokens()).isEqualTo(text(0, n));
        session.append(text(n, 30));
        float[][] alone = Logit.alone(model, Logit.EXACT, text(0, 30));
        assertThat(Logit.nmse(Logit.rows(session), Logit.last(alone, 1)))
            .as("back to " + n)
            .isLessThan(LIMIT);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void aFailedStepChangesNothing(String toy) throws IOException {
    try (Model model = load(toy);
        Session session = model.newSession(Logit.EXACT.withContext(32).withBatch(64));
        Session other = model.newSession(Logit.EXACT.withContext(32).withBatch(64))) {
      Logit.batch(session, 0, text(0, 20));
      Logit.batch(other, 0, text(0, 20));
      Batch tooMany = new Batch();
      for (int i = 0; i < 20; i++) {
        tooMany.add(1, 20 + i, 0, false);
      }
      assertThatThrownBy(() -> session.evaluate(tooMany)).isInstanceOf(ContextFullException.class);
      Batch again = new Batch();
      again.add(1, 19, 0, false);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> session.evaluate(again))
          .withMessageContaining("more than 19");
      assertThatIllegalStateException()
          .isThrownBy(() -> session.removeTokens(0, 0, 3))
          .withMessageContaining("at the end only");
      assertThat(session.nPast()).isEqualTo(20);
      assertThat(Logit.batch(session, 0, text(20, 25)))
          .isDeepEqualTo(Logit.batch(other, 0, text(20, 25)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void forksGoOnFromTheirCommonText(String toy) throws IOException {
    try (Model model = load(toy);
        Session trunk = model.newSession(Logit.EXACT)) {
      trunk.append(text(0, 10));
      try (Session left = trunk.fork();
          Session right = trunk.fork()) {
        left.append(text(3, 9));
        trunk.append(text(5, 6));
        right.append(text(7, 12));
        right.rewind(11);
        left.append(text(0, 1));
        right.append(text(1, 3));
        assertThat(lastRow(left)).isLessThan(LIMIT);
        assertThat(lastRow(right)).isLessThan(LIMIT);
        assertThat(lastRow(trunk)).isLessThan(LIMIT);
      }
    }
  }

  /** How far the logits after a session's text are from those of the text alone. */
  private static double lastRow(Session session) {
    float[][] row = {new float[session.model().hparams().nVocab()]};
    session.readLogits(0, row[0]);
    float[][] alone = Logit.alone(session.model(), Logit.EXACT, session.tokens());
    return Logit.nmse(row, Logit.last(alone, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void beamsKeepTheirStates(String toy) throws IOException {
    try (Model model = load(toy);
        Session session = model.newSession(Logit.EXACT);
        Session teacher = model.newSession(Logit.EXACT)) {
      int[] prompt = {TinyWords.BOS, TinyWords.FIRST_WORD, TinyWords.FIRST_WORD + 3};
      BeamSearchConfig config =
          BeamSearchConfig.of(4)
              .withNBest(4)
              .withMaxTokens(12)
              .withProcessor(logits -> logits.ban(TinyWords.EOS));
      for (Hypothesis h : session.search(prompt, config)) {
        double score = Arrays.stream(new TeacherForcing(teacher).of(prompt, h.tokenIds())).sum();
        assertThat(h.score()).isCloseTo(score, within(1e-4));
        teacher.reset();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void speculationWritesTheSameText(String toy) throws IOException {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(60);
    int[] prompt = {TinyWords.BOS, TinyWords.FIRST_WORD, TinyWords.FIRST_WORD + 3};
    try (Model model = load(toy);
        Session plain = model.newSession(Logit.EXACT);
        Session ahead = model.newSession(Logit.EXACT)) {
      List<Integer> expected = plain.generate(prompt, config).stream().map(Piece::token).toList();
      Generation g = ahead.generate(prompt, config.withSpeculation(Speculation.ngram()));
      assertThat(g.stream().map(Piece::token).toList()).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mamba", "lfm2-window", "qwen35", "falcon-h1"})
  void statesAreSavedAndRestoredOrMadeUpFor(String toy) throws IOException {
    try (Model model = load(toy);
        Session session = model.newSession(Logit.EXACT);
        Arena arena = Arena.ofConfined()) {
      session.append(text(0, 20));
      StateCache states = session.cache().states().orElseThrow();
      assertThat(states.nParts()).isPositive();
      assertThat(states.last(0)).isEqualTo(19);
      Session copy = session.fork();
      SequenceMemory memory = copy.cache();
      int sequence = copy.sequence();
      states.restore(sequence, 19);
      for (int part = 0; part < states.nParts(); part++) {
        MemorySegment bytes = arena.allocate(states.bytes(part), 64);
        states.read(0, part, bytes);
        states.write(sequence, part, bytes);
      }
      session.removeTokens(0, 0, Integer.MAX_VALUE);
      assertThat(memory.maxPosition(sequence)).isEqualTo(19);
      float[][] alone = Logit.alone(model, Logit.EXACT, text(0, 25));
      copy.append(text(20, 25));
      assertThat(Logit.nmse(Logit.rows(copy), Logit.last(alone, 1))).isLessThan(LIMIT);

      memory.remove(sequence, 20, Integer.MAX_VALUE);
      states.restore(sequence, 19); // with no bytes, and then forgotten
      memory.remove(sequence, 19, Integer.MAX_VALUE);
      copy.append(text(19, 25));
      assertThat(Logit.nmse(Logit.rows(copy), Logit.last(alone, 1))).isLessThan(LIMIT);
      copy.close();
    }
  }
}
