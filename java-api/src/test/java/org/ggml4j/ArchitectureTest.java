package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What must hold for every architecture: however its tokens come in, and whatever else the session
 * did, the logits are those of the text.
 */
class ArchitectureTest {
  private static final int N = 24;

  @TempDir Path folder;

  /**
   * A model and how its session is opened.
   *
   * @param limit NMSE of what is the same but for the order of sums
   */
  record Case(Toy toy, SessionOptions options, double limit) {
    int[] range(int from, int to) {
      return Arrays.copyOfRange(Logit.tokens(2 * N, toy.nVocab()), from, to);
    }

    int token(int i) {
      return range(i, i + 1)[0];
    }

    @Override
    public String toString() {
      return toy + (options.flashAttn() ? ", flash attention" : "");
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Toy toy : Toys.all()) {
      if (toy.limit() <= 1e-6) {
        // GELU is looked up in a table of halves: an ulp of its argument may be 2^-11 of its value.
        cases.add(new Case(toy, Logit.EXACT, 1e-8));
        // Probabilities are rounded to F16, so that sums in another order differ by more.
        SessionOptions flash = Logit.EXACT.withFlashAttn(true).withKvType(GgmlType.F16);
        cases.add(new Case(toy, flash, 1e-5));
      }
    }
    return cases;
  }

  private Model load(Case c) throws IOException {
    return Model.load(c.toy.write(folder), ModelOptions.defaults().withRepack(false));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aBatchEqualsSingleSteps(Case c) throws IOException {
    try (Model model = load(c);
        Session single = model.newSession(c.options)) {
      float[][] batch = Logit.alone(model, c.options, c.range(0, N));
      assertThat(Logit.nmse(Logit.single(single, 0, c.range(0, N)), batch)).isLessThan(c.limit);
      assertThat(single.nPast()).isEqualTo(N);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void onlyTheWantedRowsEqualAllRows(Case c) throws IOException {
    try (Model model = load(c);
        Session session = model.newSession(c.options)) {
      float[][] all = Logit.alone(model, c.options, c.range(0, N));
      Batch some = new Batch();
      for (int i = 0; i < N; i++) {
        some.add(c.token(i), i, 0, i == 3 || i == 4 || i == N - 1);
      }
      session.evaluate(some);
      assertThat(session.nOutputs()).isEqualTo(3);
      float[][] expected = {all[3], all[4], all[N - 1]};
      assertThat(Logit.nmse(Logit.rows(session), expected)).isLessThan(c.limit);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aBatchWithoutOutputsFillsTheCache(Case c) throws IOException {
    try (Model model = load(c);
        Session session = model.newSession(c.options)) {
      float[][] all = Logit.alone(model, c.options, c.range(0, N));
      Batch none = new Batch();
      for (int i = 0; i < N - 1; i++) {
        none.add(c.token(i), i, 0, false);
      }
      session.evaluate(none);
      assertThat(session.nOutputs()).isZero();
      float[][] last = Logit.batch(session, 0, c.token(N - 1));
      assertThat(Logit.nmse(last, Logit.last(all, 1))).isLessThan(c.limit);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aReusedGraphEqualsARebuiltOne(Case c) throws IOException {
    try (Model model = load(c);
        Session reusing = model.newSession(c.options.withReuseGraph(true));
        Session rebuilding = model.newSession(c.options.withReuseGraph(false))) {
      float[][] expected = Logit.single(rebuilding, 0, c.range(0, N));
      long rebuilt = rebuilding.graphBuilds();
      float[][] actual = Logit.single(reusing, 0, c.range(0, N));
      long built = reusing.graphBuilds();
      assertThat(actual).isDeepEqualTo(expected);
      assertThat(rebuilt - built).isEqualTo(N - 1);
      assertThat(Logit.batch(reusing, 0, c.range(N, N + 5)))
          .isDeepEqualTo(Logit.batch(rebuilding, 0, c.range(N, N + 5)));
      assertThat(Logit.single(reusing, 0, c.range(N + 5, 2 * N)))
          .isDeepEqualTo(Logit.single(rebuilding, 0, c.range(N + 5, 2 * N)));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void interleavedSessionsEqualEachAlone(Case c) throws IOException {
    try (Model model = load(c);
        Session first = model.newSession(c.options);
        Session second = model.newSession(c.options);
        Session alone1 = model.newSession(c.options);
        Session alone2 = model.newSession(c.options)) {
      float[][] rows1 = new float[N][];
      float[][] rows2 = new float[N][];
      for (int i = 0; i < N; i++) {
        rows1[i] = Logit.batch(first, 0, c.token(i))[0];
        rows2[i] = Logit.batch(second, 0, c.token(N + i))[0];
      }
      assertThat(rows1).isDeepEqualTo(Logit.single(alone1, 0, c.range(0, N)));
      assertThat(rows2).isDeepEqualTo(Logit.single(alone2, 0, c.range(N, 2 * N)));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void sequencesOfOneSessionEqualEachAlone(Case c) throws IOException {
    try (Model model = load(c);
        Session together = model.newSession(c.options)) {
      float[][] expected1 = Logit.alone(model, c.options, c.range(0, N));
      float[][] expected2 = Logit.alone(model, c.options, c.range(5, 5 + N));
      float[][] rows1 = new float[N][];
      float[][] rows2 = new float[N][];
      Batch batch = new Batch();
      for (int i = 0; i < N; i += 4) { // batches that hold both, of four tokens each
        batch.clear();
        for (int j = i; j < i + 4; j++) {
          batch.add(c.token(j), j, 3, true);
          batch.add(c.token(5 + j), j, 63, true);
        }
        together.evaluate(batch);
        float[][] rows = Logit.rows(together);
        for (int j = 0; j < 4; j++) {
          rows1[i + j] = rows[2 * j];
          rows2[i + j] = rows[2 * j + 1];
        }
      }
      assertThat(Logit.nmse(rows1, expected1)).isLessThan(c.limit);
      assertThat(Logit.nmse(rows2, expected2)).isLessThan(c.limit);
      assertThat(together.nPast(3)).isEqualTo(N);
      assertThat(together.nPast(0)).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aCopiedSequenceGoesOnAsItself(Case c) throws IOException {
    try (Model model = load(c);
        Session session = model.newSession(c.options)) {
      Logit.batch(session, 0, c.range(0, N));
      Logit.batch(session, 5, c.range(3, 9)); // what the copy replaces
      session.copySequence(0, 5);
      int used = session.cache().used();
      assertThat(used).as("the copy shares its tokens").isEqualTo(N);
      float[][] copy = Logit.batch(session, 5, c.range(N, N + 8));
      float[][] other = Logit.batch(session, 0, c.range(2, 10));
      float[][] all = Logit.alone(model, c.options, c.range(0, N + 8));
      assertThat(Logit.nmse(copy, Logit.last(all, 8))).isLessThan(c.limit);
      int[] text = Arrays.copyOf(c.range(0, N), N + 8);
      System.arraycopy(c.range(2, 10), 0, text, N, 8);
      float[][] expected = Logit.alone(model, c.options, text);
      assertThat(Logit.nmse(other, Logit.last(expected, 8))).isLessThan(c.limit);
      session.removeTokens(0, 0, Integer.MAX_VALUE);
      assertThat(session.nPast(5)).isEqualTo(N + 8);
      float[][] later = Logit.batch(session, 5, c.range(1, 4));
      int[] longer = Arrays.copyOf(c.range(0, N + 8), N + 11);
      System.arraycopy(c.range(1, 4), 0, longer, N + 8, 3);
      float[][] whole = Logit.alone(model, c.options, longer);
      assertThat(Logit.nmse(later, Logit.last(whole, 3))).isLessThan(c.limit);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aRewoundSequenceGoesOnFromThere(Case c) throws IOException {
    try (Model model = load(c);
        Session session = model.newSession(c.options)) {
      Logit.batch(session, 0, c.range(0, N));
      session.removeTokens(0, 10, Integer.MAX_VALUE);
      assertThat(session.nPast()).isEqualTo(10);
      float[][] rows = Logit.batch(session, 0, c.range(20, 30));
      int[] text = Arrays.copyOf(c.range(0, 10), 20);
      System.arraycopy(c.range(20, 30), 0, text, 10, 10);
      float[][] expected = Logit.alone(model, c.options, text);
      assertThat(Logit.nmse(rows, Logit.last(expected, 10))).isLessThan(c.limit);
      session.reset();
      assertThat(Logit.batch(session, 0, c.range(0, N)))
          .isDeepEqualTo(Logit.alone(model, c.options, c.range(0, N)));
    }
  }

  /**
   * With a single layer the keys and values depend on nothing but their token and its position, so
   * that a cache whose beginning was dropped and whose rest was moved equals that of the rest
   * alone. (With more layers the upper ones have seen the beginning.)
   */
  @ParameterizedTest
  @MethodSource("cases")
  void aShiftedSequenceEqualsItsRestAlone(Case c) throws IOException {
    try (Model model = Model.load(c.toy.write(folder, 1));
        Session session = model.newSession(c.options)) {
      if (!model.architecture().canShift()) {
        Logit.batch(session, 0, c.range(0, N));
        assertThatThrownBy(() -> session.shiftTokens(0, 3, N, -3))
            .isInstanceOf(UnsupportedModelException.class)
            .hasMessageContaining(c.toy.architecture());
        return;
      }
      Logit.batch(session, 0, c.range(0, N));
      Logit.batch(session, 1, c.range(0, N));
      session.removeTokens(0, 0, 3);
      session.shiftTokens(0, 3, N, -3);
      session.removeTokens(0, 0, 4);
      session.shiftTokens(0, 0, Integer.MAX_VALUE, -4); // two moves at once
      assertThat(session.nPast()).isEqualTo(N - 7);
      float[][] rows = Logit.batch(session, 0, c.range(N, N + 4));
      float[][] expected = Logit.alone(model, c.options, c.range(7, N + 4));
      double limit = Math.max(c.limit, c.options.typeK() == GgmlType.F32 ? 1e-10 : 1e-5);
      assertThat(Logit.nmse(rows, Logit.last(expected, 4))).isLessThan(limit);

      float[][] untouched = Logit.batch(session, 1, c.range(N, N + 4));
      float[][] all = Logit.alone(model, c.options, c.range(0, N + 4));
      assertThat(Logit.nmse(untouched, Logit.last(all, 4))).as("the other one").isLessThan(limit);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void chunksEqualAllAtOnce(Case c) throws IOException {
    try (Model model = load(c);
        Session chunks = model.newSession(c.options.withBatch(7))) {
      chunks.append(c.range(0, N));
      assertThat(chunks.nOutputs()).isEqualTo(1);
      float[][] all = Logit.alone(model, c.options, c.range(0, N));
      assertThat(Logit.nmse(Logit.rows(chunks), Logit.last(all, 1))).isLessThan(c.limit);
      assertThat(chunks.nPast()).isEqualTo(N);
    }
  }
}
