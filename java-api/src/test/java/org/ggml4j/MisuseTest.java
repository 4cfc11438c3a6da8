package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a caller may get wrong: an exception that says so, and a session that is as before. */
@NothingStaysOpen.Shared
class MisuseTest {
  private static final int[] TOKENS = Logit.tokens(10);

  @TempDir static Path folder;
  private static Model model;
  private static Session session;
  private static float[][] expected;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(TinyGguf.small().write(folder));
    session = model.newSession(Logit.EXACT.withContext(16).withBatch(12));
    expected = Logit.last(Logit.alone(model, Logit.EXACT, TOKENS), 1);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** After whatever a test did the session still computes what it should. */
  @AfterEach
  void theSessionStillWorks() {
    session.reset();
    session.append(TOKENS);
    assertThat(Logit.nmse(Logit.rows(session), expected)).isLessThan(1e-10);
    session.reset();
  }

  private static Batch batchOf(int token, int position, int sequence) {
    Batch batch = new Batch();
    batch.add(token, position, sequence, true);
    return batch;
  }

  @Test
  void tokensOutsideOfTheVocabulary() {
    for (int token : new int[] {-1, 128, 129, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> session.evaluate(batchOf(token, 0, 0)))
          .withMessageContaining("0 to 127")
          .withMessageContaining("" + token);
      assertThatIllegalArgumentException().isThrownBy(() -> session.append(1, 2, token));
      assertThat(session.nPast()).isZero();
    }
  }

  @Test
  void promptsWithTokensOutsideOfTheVocabulary() {
    GenerationConfig greedy = GenerationConfig.greedy();
    for (int token : new int[] {-1, 128, Integer.MIN_VALUE}) {
      int[] prompt = {1, token, 2};
      Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
      uses.put("prefill", () -> session.prefill(prompt));
      uses.put("generate", () -> session.generate(prompt, greedy));
      uses.put("beams", () -> session.search(prompt, BeamSearchConfig.of(2)));
      uses.put("contrastive", () -> session.search(prompt, ContrastiveSearchConfig.of(2)));
      uses.put("generateAll", () -> session.generateAll(prompt, 2, greedy));
      uses.put("parallel", () -> session.parallel(prompt, 2));
      uses.put(
          "parallel, one more",
          () -> {
            try (ParallelGeneration parallel = session.parallel(new int[] {1}, 2)) {
              parallel.add(prompt, greedy);
            } finally {
              session.reset();
            }
          });
      EmbeddingOptions each = EmbeddingOptions.defaults().withPooling(Pooling.NONE);
      try (Embedder embedder = model.newEmbedder(EmbeddingOptions.defaults());
          Embedder ofTokens = model.newEmbedder(each)) {
        uses.put("embedTokens", () -> embedder.embedTokens(List.of(prompt)));
        uses.put("tokenVectors", () -> ofTokens.tokenVectors(prompt));
        uses.forEach(
            (name, use) ->
                assertThatIllegalArgumentException()
                    .as(name)
                    .isThrownBy(use)
                    .withMessageContaining("0 to 127")
                    .withMessageContaining("" + token));
      }
      assertThat(session.nPast()).isZero();
    }
  }

  @Test
  void batchesOfNoneAndOfTooMany() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.evaluate(new Batch()))
        .withMessageContaining("1 to 12");
    Batch large = new Batch();
    for (int i = 0; i < 13; i++) {
      large.add(1, i, 0, true);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.evaluate(large))
        .withMessageContaining("13");
    session.append();
    assertThat(session.nPast()).isZero();
  }

  @Test
  void sequencesThereAreNot() {
    Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
    for (int s : new int[] {-1, 64, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      uses.put("evaluate " + s, () -> session.evaluate(batchOf(1, 0, s)));
      uses.put("nPast " + s, () -> session.nPast(s));
      uses.put("removeTokens " + s, () -> session.removeTokens(s, 0, 1));
      uses.put("copySequence to " + s, () -> session.copySequence(0, s));
      uses.put("copySequence from " + s, () -> session.copySequence(s, 1));
      uses.put("shiftTokens " + s, () -> session.shiftTokens(s, 0, 1, 1));
    }
    session.append(TOKENS);
    uses.forEach(
        (name, use) ->
            assertThatIllegalArgumentException()
                .as(name)
                .isThrownBy(use)
                .withMessageContaining("0 to 63"));
    assertThat(session.nPast()).isEqualTo(TOKENS.length);
  }

  @Test
  void rowsThereAreNot() {
    session.append(TOKENS);
    float[] row = new float[TinyGguf.VOCAB];
    for (int bad : new int[] {-1, 1, 100, Integer.MAX_VALUE}) {
      assertThatThrownBy(() -> session.readLogits(bad, row))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> session.readLogits(0, new float[TinyGguf.VOCAB - 1]))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(catchThrowable(() -> session.evaluate(batchOf(-1, 10, 0)))).isNotNull();
    session.reset();
    try (Session fresh = model.newSession(Logit.EXACT)) {
      assertThatThrownBy(() -> fresh.readLogits(0, row))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void positions() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Batch().add(1, -1, 0, true))
        .withMessageContaining("-1");
    session.append(TOKENS);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.shiftTokens(0, 0, 10, -1))
        .withMessageContaining("shifted by -1");
    session.copySequence(0, 1);
    assertThatThrownBy(() -> session.shiftTokens(0, 0, 10, 1))
        .as("no room to copy what is shared")
        .isInstanceOf(ContextFullException.class);
    assertThat(session.nPast(0)).isEqualTo(10);
    session.shiftTokens(0, 5, 10, 1);
    assertThat(session.nPast(0)).isEqualTo(11);
    assertThat(session.nPast(1)).isEqualTo(10);
    session.copySequence(1, 1);
    assertThat(session.nPast(1)).as("a copy of itself").isEqualTo(10);
  }

  @Test
  void moreThanTheContextHolds() {
    session.append(TOKENS);
    assertThatThrownBy(() -> session.append(1, 2, 3, 4, 5, 6, 7))
        .isInstanceOf(ContextFullException.class)
        .hasMessageContaining("16")
        .hasMessageContaining("10")
        .hasMessageContaining("7")
        .satisfies(
            e -> {
              assertThat(((ContextFullException) e).nCtx()).isEqualTo(16);
              assertThat(((ContextFullException) e).nPast()).isEqualTo(10);
            });
    assertThat(session.nPast()).isEqualTo(10);
    session.append(1, 2, 3, 4, 5, 6);
    assertThatThrownBy(() -> session.evaluate(batchOf(1, 16, 0)))
        .isInstanceOf(ContextFullException.class);
    assertThatThrownBy(() -> session.evaluate(batchOf(1, 0, 9)))
        .isInstanceOf(ContextFullException.class);
    session.removeTokens(0, 15, 16);
    session.append(3);
    assertThat(session.nPast()).isEqualTo(16);
  }

  @Test
  void aModelWithoutATokenizer() {
    assertThatThrownBy(() -> model.tokenizer().encode("Once"))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("no tokenizer");
    assertThatThrownBy(() -> session.generate("Once", GenerationConfig.greedy()))
        .isInstanceOf(UnsupportedModelException.class);
  }

  @Test
  void optionsThatMakeNoSense() {
    List<ThrowingCallable> wrong = new ArrayList<>();
    SessionOptions s = SessionOptions.defaults();
    wrong.add(() -> s.withContext(-1));
    wrong.add(() -> s.withBatch(0));
    wrong.add(() -> s.withThreads(-1));
    for (GgmlType type : List.of(GgmlType.I32, GgmlType.F64, GgmlType.Q4_K, GgmlType.Q8_1)) {
      wrong.add(() -> s.withKvType(type));
      wrong.add(() -> s.withKvTypes(GgmlType.F16, type));
    }
    wrong.add(() -> s.withKvType(GgmlType.Q8_0).withFlashAttn(false));
    ModelOptions m = ModelOptions.defaults();
    wrong.add(() -> m.withGpuLayers(-1));
    wrong.add(() -> m.withThreads(-1));
    Path path = folder.resolve("no-such-device.gguf");
    wrong.add(
        () -> {
          TinyGguf.small().content().write(path);
          Model.load(path, m.withDevices(List.of("CUDA99")));
        });
    for (ThrowingCallable use : wrong) {
      assertThatIllegalArgumentException().isThrownBy(use);
    }
  }

  @Test
  void filesThatAreNot() {
    assertThatThrownBy(() -> Model.load(folder.resolve("absent.gguf")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("absent.gguf");
    assertThatThrownBy(() -> Model.load(folder)).isInstanceOf(IOException.class);
  }
}
