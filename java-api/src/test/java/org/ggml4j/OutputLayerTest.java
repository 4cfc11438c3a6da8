package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The output layer in memory with rearranged weights, for which rows are added to vocabularies of
 * odd sizes, and beside it in plain memory: the logits are those of the file's own matrix.
 */
class OutputLayerTest {
  private static final int N_EMBD = 256;

  @TempDir Path folder;

  private Path write(GgmlType type, boolean tied, int nVocab) throws IOException {
    TinyGguf shape =
        new TinyGguf("llama", 1, N_EMBD, 4, 2, 256, 0, 0, tied, false, false, "none", type);
    Path path = folder.resolve("m.gguf");
    shape.content(nVocab).write(path);
    return path;
  }

  @ParameterizedTest
  @CsvSource({
    "Q8_0, true,  129",
    "Q8_0, false, 129",
    "Q4_0, true,  257",
    "Q4_0, false, 250",
    "F16,  true,  129",
    "Q6_K, true,  128",
    "Q6_K, false, 128",
    "Q6_K, true,  131",
    "Q6_K, false, 131",
    "Q4_K, true,  131"
  })
  void oneFewAndManyRows(GgmlType type, boolean tied, int nVocab) throws IOException {
    Path file = write(type, tied, nVocab);
    int[] many = Logit.tokens(20, nVocab);
    try (Model packed = Model.load(file);
        Session session = packed.newSession(Logit.EXACT);
        Model plain = Model.load(file, ModelOptions.defaults().withRepack(false))) {
      float[][] expected = Logit.alone(plain, Logit.EXACT, many);
      assertThat(expected[0]).hasSize(nVocab);
      assertThat(Logit.nmse(Logit.alone(packed, Logit.EXACT, many), expected)).isLessThan(1e-4);
      assertThat(Logit.nmse(Logit.single(session, 0, many), expected)).isLessThan(1e-4);
      session.reset();
      // 5 rows after 20 and before 20, so that both graphs follow each other in one memory
      int[] few = Logit.tokens(5, nVocab);
      float[][] first = Logit.batch(session, 0, few);
      assertThat(Logit.nmse(first, Logit.alone(plain, Logit.EXACT, few))).isLessThan(1e-4);
      session.reset();
      assertThat(Logit.nmse(Logit.batch(session, 0, many), expected)).isLessThan(1e-4);
      session.reset();
      assertThat(Logit.batch(session, 0, few)).isDeepEqualTo(first);
    }
  }

  @ParameterizedTest
  @CsvSource({"Q8_0, true, 129", "Q4_0, false, 250", "Q6_K, true, 131"})
  void hiddenStatesBesideIt(GgmlType type, boolean tied, int nVocab) throws IOException {
    try (Model model = Model.load(write(type, tied, nVocab));
        Session session = model.newSession(Logit.EXACT)) {
      Batch batch = new Batch();
      for (int i = 0; i < 12; i++) {
        batch.add(i, i, 0, true);
      }
      float[] both = new float[N_EMBD];
      float[] alone = new float[N_EMBD];
      session.evaluator().evaluate(batch, Output.LOGITS_AND_EMBEDDINGS);
      session.evaluator().readEmbedding(11, both);
      session.reset();
      session.evaluator().evaluate(batch, Output.EMBEDDINGS);
      session.evaluator().readEmbedding(11, alone);
      assertThat(alone).containsExactly(both, within(1e-5f));
    }
  }
}
