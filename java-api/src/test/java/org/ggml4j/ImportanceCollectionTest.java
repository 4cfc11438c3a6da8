package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.ggml4j.eval.EvaluationOptions;
import org.ggml4j.eval.ImportanceCollection;
import org.ggml4j.ggml.NodeObserver;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.quantize.ImportanceMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The recorded files are llama-imatrix's, of the same models and text. */
@NothingStaysOpen.Shared
class ImportanceCollectionTest {
  private static final List<String> ROWS = ImportanceTexts.ROWS;
  private static final EvaluationOptions OPTIONS =
      EvaluationOptions.defaults().withContext(ImportanceTexts.CHUNK);

  @TempDir Path folder;

  private Model model(String row) throws IOException {
    return TinyWords.load(folder, Toys.byName(row));
  }

  private static Session session(Model model, int nBatch) {
    return model.newSession(
        SessionOptions.defaults()
            .withContext(ImportanceTexts.CHUNK)
            .withBatch(nBatch)
            .withThreads(1));
  }

  private ImportanceMatrix recorded(String row) throws IOException {
    Path file = folder.resolve("recorded.gguf");
    try (var in = getClass().getResourceAsStream("/imatrix/" + row + ".gguf")) {
      Files.copy(Objects.requireNonNull(in), file);
    }
    return ImportanceMatrix.read(file);
  }

  private static ImportanceMatrix collect(Session session, EvaluationOptions options) {
    return ImportanceCollection.of(
        session, ImportanceTexts.text(), ImportanceTexts.DATASET, true, options);
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void isWhatLlamaImatrixCollects(String row) throws IOException {
    ImportanceMatrix expected = recorded(row);
    try (Model model = model(row);
        Session session = session(model, ImportanceTexts.CHUNK)) {
      ImportanceMatrix found = collect(session, OPTIONS);
      assertThat(found.names())
          .isEqualTo(expected.names())
          .containsAnyOf("output.weight", "token_embd.weight");
      assertThat(found.chunkCount()).isEqualTo(expected.chunkCount()).isEqualTo(4);
      assertThat(found.chunkSize()).isEqualTo(expected.chunkSize());
      for (String name : expected.names()) {
        assertThat(found.counts(name)).as(name).isEqualTo(expected.counts(name));
        assertThat(error(found, expected, name)).as(name).isLessThan(1e-6);
      }
    }
  }

  /** Normalized mean squared error of the importances. */
  private static double error(ImportanceMatrix found, ImportanceMatrix expected, String name) {
    float[] a = found.importance(name).orElseThrow();
    float[] b = expected.importance(name).orElseThrow();
    assertThat(a).hasSameSizeAs(b);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < a.length; i++) {
      difference += (a[i] - b[i]) * (a[i] - b[i]);
      size += b[i] * b[i];
    }
    return difference / size;
  }

  @Test
  void expertsCountTheTokensThatGoToThem() throws IOException {
    ImportanceMatrix matrix = recorded("qwen3moe");
    float[] counts = matrix.counts("blk.0.ffn_up_exps.weight");
    double sum = 0;
    for (float count : counts) {
      sum += count;
    }
    assertThat(counts.length).isGreaterThan(1);
    assertThat(sum % (4 * ImportanceTexts.CHUNK)).isZero();
  }

  @Test
  void smallerBatchesCountAllTokensToo() throws IOException {
    try (Model model = model("llama");
        Session whole = session(model, ImportanceTexts.CHUNK);
        Session parts = session(model, 40)) {
      ImportanceMatrix a = collect(whole, OPTIONS);
      ImportanceMatrix b = collect(parts, OPTIONS);
      for (String name : a.names()) {
        assertThat(b.counts(name)).as(name).isEqualTo(a.counts(name));
        assertThat(error(b, a, name)).as(name).isLessThan(1e-6);
      }
    }
  }

  @Test
  void theOutputLayerIsLeftOutUnlessAskedFor() throws IOException {
    try (Model model = model("llama");
        Session session = session(model, ImportanceTexts.CHUNK)) {
      ImportanceMatrix matrix =
          ImportanceCollection.of(
              session, ImportanceTexts.text(), "x", false, OPTIONS.withMaxChunks(1));
      assertThat(matrix.names()).isNotEmpty().allMatch(name -> name.startsWith("blk."));
      assertThat(matrix.datasets()).containsExactly("x");
      assertThat(matrix.chunkCount()).isEqualTo(1);
    }
  }

  @Test
  void whatCannotBeCollectedIsSaid() throws IOException {
    try (Model model = model("llama");
        Session session = session(model, ImportanceTexts.CHUNK);
        Session small = session(model, 20)) {
      assertThatThrownBy(() -> collect(small, OPTIONS))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("found 20");
      assertThatThrownBy(() -> collect(session, OPTIONS.withProgress(share -> share < 0.5)))
          .isInstanceOf(CancellationException.class);
      assertThatThrownBy(() -> ImportanceCollection.of(session, "d e f", "x", false, OPTIONS))
          .hasMessageContaining("two chunks");
    }
  }

  @Test
  void whatAnObserverThrowsComesOutAndTheSessionGoesOn() throws IOException {
    try (Model model = model("llama");
        Session session = session(model, ImportanceTexts.CHUNK)) {
      float[] expected = logits(session);
      List<String> seen = new ArrayList<>();
      for (boolean early : new boolean[] {true, false}) {
        session.observe(
            Optional.of(
                new NodeObserver() {
                  @Override
                  public boolean wants(Tensor node) {
                    if (early) {
                      throw new IllegalStateException("asked");
                    }
                    return node.operation().equals("MUL_MAT");
                  }

                  @Override
                  public void computed(Tensor node) {
                    seen.add(node.name());
                    throw new AssertionError("told");
                  }
                }));
        assertThatThrownBy(() -> session.append(5, 6)).hasMessage(early ? "asked" : "told");
        assertThat(session.nPast()).isZero();
      }
      assertThat(seen).hasSize(1);
      session.observe(Optional.empty());
      assertThat(logits(session)).isEqualTo(expected);
    }
  }

  private static float[] logits(Session session) {
    float[] logits = new float[session.model().hparams().nVocab()];
    session.append(5, 6);
    session.readLogits(0, logits);
    session.reset();
    return logits;
  }
}
