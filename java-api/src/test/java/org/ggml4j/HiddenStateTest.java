package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.nn.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The last hidden states of a batch, beside its logits and without them. */
class HiddenStateTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(64).withThreads(1);

  @TempDir Path folder;

  static List<Toy> rows() {
    return Toys.all();
  }

  /** Three of five tokens. */
  private static Batch batch(int nVocab) {
    Batch batch = new Batch();
    for (int i = 0; i < 5; i++) {
      batch.add((7 * i + 3) % nVocab, i, 0, i % 2 == 0);
    }
    return batch;
  }

  @ParameterizedTest
  @MethodSource("rows")
  void everyArchitectureGivesThem(Toy toy) throws IOException {
    try (Model model = Model.load(toy.write(folder));
        Session s = model.newSession(OPTIONS)) {
      float[][] states = new float[3][model.hparams().nEmbd()];
      float[] logits = new float[toy.nVocab()];
      float[] plain = new float[toy.nVocab()];
      float[] state = new float[model.hparams().nEmbd()];
      s.evaluator().evaluate(batch(toy.nVocab()));
      s.evaluator().readLogits(2, plain);
      assertThatThrownBy(() -> s.evaluator().readEmbedding(0, state))
          .isInstanceOf(IndexOutOfBoundsException.class);

      s.reset();
      s.evaluator().evaluate(batch(toy.nVocab()), Output.LOGITS_AND_EMBEDDINGS);
      s.evaluator().readLogits(2, logits);
      assertThat(logits).containsExactly(plain, within(1e-4f));
      for (int row = 0; row < 3; row++) {
        s.evaluator().readEmbedding(row, states[row]);
      }

      s.reset();
      s.evaluator().evaluate(batch(toy.nVocab()), Output.EMBEDDINGS);
      assertThat(s.evaluator().nOutputs()).isZero();
      for (int row = 0; row < 3; row++) {
        s.evaluator().readEmbedding(row, state);
        assertThat(state).containsExactly(states[row], within(1e-4f));
      }
    }
  }

  @Test
  void theLogitsAreComputedFromThem() throws IOException {
    TinyGguf shape = TinyGguf.small();
    FloatBuffer weight =
        ByteBuffer.wrap(shape.content().tensors.get("output.weight").data())
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    try (Model model = Model.load(shape.write(folder));
        Session s = model.newSession(OPTIONS)) {
      int nEmbd = model.hparams().nEmbd();
      float[] state = new float[nEmbd];
      float[] logits = new float[TinyGguf.VOCAB];
      s.evaluator().evaluate(batch(TinyGguf.VOCAB), Output.LOGITS_AND_EMBEDDINGS);
      for (int row = 0; row < 3; row++) {
        s.evaluator().readEmbedding(row, state);
        s.evaluator().readLogits(row, logits);
        for (int v = 0; v < logits.length; v++) {
          double sum = 0;
          for (int d = 0; d < nEmbd; d++) {
            sum += (double) weight.get(v * nEmbd + d) * state[d];
          }
          assertThat(logits[v]).isCloseTo((float) sum, within(1e-4f));
        }
      }
    }
  }
}
