package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers that look at a window keep little more than that. */
class WindowTest {
  private static final int N = 400;
  private static final SessionOptions NARROW =
      Logit.EXACT.withContext(1024).withBatch(32); // cells for windows: 256 of 1024
  private static final SessionOptions WIDE = Logit.EXACT.withContext(1024).withBatch(1024);

  @TempDir Path folder;

  private static int[] tokens(Model model, int from, int to) {
    return Arrays.copyOfRange(Logit.tokens(to, model.hparams().nVocab()), from, to);
  }

  private Model gemma2() throws IOException {
    return Model.load(Toys.byName("gemma2").write(folder));
  }

  @Test
  void cellsOutsideOfTheWindowAreUsedAgain() throws IOException {
    try (Model model = gemma2();
        Session narrow = model.newSession(NARROW);
        Session wide = model.newSession(WIDE)) {
      assertThat(narrow.cache().bytes()).isLessThan(wide.cache().bytes() * 3 / 4);
      float[][] expected = Logit.batch(wide, 0, tokens(model, 0, N));
      narrow.append(tokens(model, 0, 300));
      float[][] actual = Logit.single(narrow, 0, tokens(model, 300, N));
      assertThat(Logit.nmse(actual, Logit.last(expected, N - 300))).isLessThan(1e-10);
      assertThat(narrow.nPast()).isEqualTo(N);
    }
  }

  @Test
  void severalSequencesEachHaveAWindow() throws IOException {
    try (Model model = gemma2();
        Session together = model.newSession(NARROW);
        Session alone = model.newSession(WIDE)) {
      float[][] expected = Logit.batch(alone, 0, tokens(model, 0, 300));
      Batch batch = new Batch();
      float[][] last = new float[3][];
      for (int i = 0; i < 300; i++) {
        batch.clear();
        for (int s = 0; s < 3; s++) {
          batch.add(tokens(model, i, i + 1)[0], i, s, true);
        }
        together.evaluate(batch);
        last = Logit.rows(together);
      }
      for (float[] row : last) {
        assertThat(Logit.nmse(new float[][] {row}, Logit.last(expected, 1))).isLessThan(1e-10);
      }
    }
  }

  @Test
  void aSequenceIsRewoundOnlyToWhatItsWindowsStillHave() throws IOException {
    try (Model model = gemma2();
        Session narrow = model.newSession(NARROW);
        Session wide = model.newSession(WIDE)) {
      narrow.append(tokens(model, 0, N)); // the last 100 and more are there
      assertThatIllegalStateException()
          .isThrownBy(() -> narrow.removeTokens(0, 50, Integer.MAX_VALUE))
          .withMessageContaining("window of 8");
      assertThat(narrow.nPast()).as("unchanged").isEqualTo(N);
      narrow.removeTokens(0, N - 20, Integer.MAX_VALUE);
      float[][] rows = Logit.batch(narrow, 0, tokens(model, N - 20, N));
      float[][] expected = Logit.batch(wide, 0, tokens(model, 0, N));
      assertThat(Logit.nmse(rows, Logit.last(expected, 20))).isLessThan(1e-10);
      narrow.removeTokens(0, 0, Integer.MAX_VALUE);
      rows = Logit.batch(narrow, 0, tokens(model, 0, 30));
      assertThat(Logit.nmse(rows, Arrays.copyOf(expected, 30))).isLessThan(1e-10);
    }
  }

  @Test
  void aMoveThatWouldBringLostTokensBackIntoSightIsRefused() throws IOException {
    try (Model model = gemma2();
        Session narrow = model.newSession(NARROW)) {
      narrow.append(tokens(model, 0, N));
      narrow.removeTokens(0, 3, N - 3);
      narrow.shiftTokens(0, N - 3, N, -50);
      assertThatIllegalStateException()
          .isThrownBy(() -> narrow.shiftTokens(0, 3, N, 56 - N)) // 0 to 2 would be seen again
          .withMessageContaining("window of 8");
      assertThat(narrow.nPast()).isEqualTo(N - 50);
    }
  }

  @Test
  void learnedPositionsEnd() throws IOException {
    try (Model model = Model.load(Toys.byName("gpt2").write(folder));
        Session session = model.newSession(Logit.EXACT)) {
      int nTrain = model.hparams().nCtxTrain();
      session.append(tokens(model, 0, nTrain - 1));
      Logit.batch(session, 0, 1);
      assertThatThrownBy(() -> session.append(2))
          .isInstanceOf(ContextFullException.class)
          .hasMessageContaining(Integer.toString(nTrain));
      assertThat(session.nPast()).isEqualTo(nTrain);
      session.removeTokens(0, nTrain - 1, nTrain);
      assertThat(Logit.batch(session, 0, 1)).hasNumberOfRows(1);
    }
  }
}
