package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Encoders give llama.cpp's hidden states, and what is made of them is right.
 *
 * <p>Each fixture {@code arch/NAME.f32} holds llama.cpp's last hidden states of the file that the
 * row of {@link EncoderToys} writes: 32 tokens, flash attention and repacked weights off.
 */
class EncoderTest {
  private static final ModelOptions PLAIN = ModelOptions.defaults().withRepack(false);
  private static final EmbeddingOptions EXACT =
      EmbeddingOptions.defaults()
          .withPooling(Pooling.NONE)
          .withNormalize(-1)
          .withThreads(1)
          .withFlashAttn(false);

  @TempDir Path folder;

  static List<Toy> toys() {
    return EncoderToys.all();
  }

  static Stream<Toy> rerankers() {
    return EncoderToys.all().stream()
        .filter(t -> t.content().tensors.keySet().stream().anyMatch(n -> n.startsWith("cls")));
  }

  /** Decoders with windows, with attention of one key head, with shared keys. */
  static Stream<Toy> decoders() {
    return Stream.of("llama", "gemma2", "gpt2", "deepseek2", "mpt", "qwen2vl", "falcon")
        .map(Toys::byName);
  }

  private Model load(Toy toy) throws IOException {
    return Model.load(toy.write(folder), PLAIN);
  }

  private static float[][] states(Model model, EmbeddingOptions options, int... tokens) {
    try (Embedder embedder = model.newEmbedder(options)) {
      return embedder.tokenVectors(tokens);
    }
  }

  private static List<float[]> vectors(Model model, EmbeddingOptions options, List<int[]> texts) {
    try (Embedder embedder = model.newEmbedder(options)) {
      return embedder.embedTokens(texts);
    }
  }

  private static List<int[]> texts(int nVocab) {
    int[] tokens = Logit.tokens(40, nVocab);
    return List.of(
        Arrays.copyOfRange(tokens, 0, 12),
        Arrays.copyOfRange(tokens, 12, 13),
        Arrays.copyOfRange(tokens, 13, 40));
  }

  @ParameterizedTest
  @MethodSource("toys")
  void theStatesAreThoseOfLlamaCpp(Toy toy) throws IOException {
    try (Model model = load(toy)) {
      float[][] expected = recorded(toy, model.hparams().nEmbd());
      int[] tokens = Logit.tokens(ParityTest.N, toy.nVocab());
      assertThat(Logit.nmse(states(model, EXACT, tokens), expected)).isLessThan(1e-6);
      assertThat(Logit.nmse(states(model, EXACT.withFlashAttn(true), tokens), expected))
          .isLessThan(1e-6);
    }
  }

  private static float[][] recorded(Toy toy, int nEmbd) throws IOException {
    float[][] flat = Logit.fixture(toy);
    float[] all = new float[flat.length * flat[0].length];
    for (int i = 0; i < flat.length; i++) {
      System.arraycopy(flat[i], 0, all, i * flat[0].length, flat[0].length);
    }
    float[][] rows = new float[ParityTest.N][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * nEmbd, (i + 1) * nEmbd));
    return rows;
  }

  @ParameterizedTest
  @MethodSource("toys")
  void textsTogetherEqualEachAlone(Toy toy) throws IOException {
    EmbeddingOptions options = EXACT.withPooling(Pooling.MEAN);
    try (Model model = load(toy)) {
      List<int[]> texts = texts(toy.nVocab());
      float[][] together = vectors(model, options, texts).toArray(float[][]::new);
      float[][] alone = new float[texts.size()][];
      for (int i = 0; i < alone.length; i++) {
        alone[i] = vectors(model, options, List.of(texts.get(i))).get(0);
      }
      float[][] inTurn = vectors(model, options.withBatch(1), texts).toArray(float[][]::new);
      assertThat(Logit.nmse(together, alone)).isLessThan(1e-7);
      assertThat(inTurn).isDeepEqualTo(alone);
    }
  }

  @ParameterizedTest
  @MethodSource("toys")
  void everyPoolingIsOfTheTokensVectors(Toy toy) throws IOException {
    try (Model model = load(toy)) {
      checkPoolings(model, toy.nVocab());
    }
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void decodersArePooledToo(Toy toy) throws IOException {
    try (Model model = load(toy)) {
      checkPoolings(model, toy.nVocab());
    }
  }

  private static void checkPoolings(Model model, int nVocab) {
    List<int[]> texts = texts(nVocab);
    float[][] mean = new float[3][];
    float[][] first = new float[3][];
    float[][] last = new float[3][];
    for (int s = 0; s < 3; s++) {
      float[][] rows = states(model, EXACT, texts.get(s));
      first[s] = rows[0];
      last[s] = rows[rows.length - 1];
      mean[s] = new float[rows[0].length];
      for (float[] row : rows) {
        for (int i = 0; i < row.length; i++) {
          mean[s][i] += row[i] / rows.length;
        }
      }
    }
    // GELU is looked up in a table of halves: an ulp of its argument may be 2^-11 of its value.
    assertThat(nmse(model, Pooling.MEAN, texts, mean)).isLessThan(1e-7);
    assertThat(nmse(model, Pooling.CLS, texts, first)).isLessThan(1e-7);
    assertThat(nmse(model, Pooling.LAST, texts, last)).isLessThan(1e-7);
  }

  private static double nmse(Model model, Pooling pooling, List<int[]> texts, float[][] expected) {
    List<float[]> actual = vectors(model, EXACT.withPooling(pooling), texts);
    return Logit.nmse(actual.toArray(float[][]::new), expected);
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void aDecodersStatesAreThoseOfASession(Toy toy) throws IOException {
    int[] tokens = Logit.tokens(24, toy.nVocab());
    try (Model model = load(toy);
        Session session = model.newSession(Logit.EXACT)) {
      Batch batch = new Batch();
      for (int i = 0; i < tokens.length; i++) {
        batch.add(tokens[i], i, 0, true);
      }
      session.evaluator().evaluate(batch, Output.EMBEDDINGS);
      float[][] expected = new float[tokens.length][model.hparams().nEmbd()];
      for (int i = 0; i < tokens.length; i++) {
        session.evaluator().readEmbedding(i, expected[i]);
      }
      assertThat(Logit.nmse(states(model, EXACT, tokens), expected)).isLessThan(1e-8);
    }
  }

  @ParameterizedTest
  @MethodSource("rerankers")
  void scoresDependOnTheText(Toy toy) throws IOException {
    try (Model model = load(toy)) {
      List<float[]> scores = vectors(model, EXACT.withPooling(Pooling.RANK), texts(toy.nVocab()));
      assertThat(scores).hasSize(3).allSatisfy(s -> assertThat(s).isNotEmpty());
      assertThat(scores.get(0)).isNotEqualTo(scores.get(2));
    }
  }

  @Test
  void bertsScoreIsThatOfItsTwoLayers() throws IOException {
    Toy toy = EncoderToys.byName("bert-fused");
    try (Model model = load(toy)) {
      int[] text = texts(toy.nVocab()).get(0);
      float[] x = states(model, EXACT, text)[0];
      float[] y = product(toy, "cls", x);
      for (int i = 0; i < y.length; i++) {
        y[i] = (float) Math.tanh(y[i]);
      }
      float[] expected = product(toy, "cls.output", y);
      assertThat(expected).hasSize(1);
      float[] actual = vectors(model, EXACT.withPooling(Pooling.RANK), List.of(text)).get(0);
      assertThat(Logit.nmse(new float[][] {actual}, new float[][] {expected})).isLessThan(1e-8);
    }
  }

  private static float[] product(Toy toy, String name, float... x) {
    float[] weight = floats(toy, name + ".weight");
    float[] y = floats(toy, name + ".bias");
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += weight[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static float[] floats(Toy toy, String tensor) {
    return Reference.read(
        toy.content().tensors.get(tensor).data(),
        toy.content().tensors.get(tensor).data().length / 4)[0];
  }

  @Test
  void scoresOfAModelWithoutClassifierAreRefused() throws IOException {
    try (Model model = load(EncoderToys.byName("bert"))) {
      assertThatThrownBy(() -> model.newEmbedder(EXACT.withPooling(Pooling.RANK)))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("cls");
    }
  }

  @Test
  void thePoolingIsThatOfTheFile() throws IOException {
    EmbeddingOptions open = EmbeddingOptions.defaults().withThreads(1);
    for (Pooling pooling : List.of(Pooling.MEAN, Pooling.CLS, Pooling.LAST, Pooling.NONE)) {
      TinyGguf.Content content = EncoderToys.byName("bert").content();
      content.metadata.put("bert.pooling_type", pooling.ordinal());
      Path file = folder.resolve(pooling + ".gguf");
      content.write(file);
      try (Model model = Model.load(file, PLAIN);
          Embedder embedder = model.newEmbedder(open)) {
        assertThat(embedder.pooling()).isEqualTo(pooling);
      }
    }
    try (Model encoder = load(EncoderToys.byName("bert"));
        Model decoder = load(Toys.byName("llama"));
        Embedder ofEncoder = encoder.newEmbedder(open);
        Embedder ofDecoder = decoder.newEmbedder(open)) {
      assertThat(ofEncoder.pooling()).isEqualTo(Pooling.MEAN);
      assertThat(ofDecoder.pooling()).isEqualTo(Pooling.LAST);
    }
  }

  @Test
  void anUnknownPoolingIsNamed() throws IOException {
    TinyGguf.Content content = EncoderToys.byName("bert").content();
    content.metadata.put("bert.pooling_type", 7);
    Path file = folder.resolve("seven.gguf");
    content.write(file);
    try (Model model = Model.load(file, PLAIN)) {
      assertThatThrownBy(() -> model.newEmbedder(EmbeddingOptions.defaults()))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("pooling_type")
          .hasMessageContaining("7");
    }
  }

  /** llama.cpp's {@code common_embd_normalize}: the norm that is 1, or 32760 for the largest. */
  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1, 2, 3})
  void vectorsHaveTheWantedLength(int kind) throws IOException {
    Toy toy = EncoderToys.byName("bert");
    try (Model model = load(toy)) {
      int[] text = texts(toy.nVocab()).get(0);
      EmbeddingOptions mean = EXACT.withPooling(Pooling.MEAN);
      float[] raw = vectors(model, mean, List.of(text)).get(0);
      float[] x = vectors(model, mean.withNormalize(kind), List.of(text)).get(0);
      double largest = 0;
      double sum = 0;
      for (float value : x) {
        largest = Math.max(largest, Math.abs(value));
        sum += Math.pow(Math.abs(value), Math.max(1, kind));
      }
      if (kind == -1) {
        assertThat(x).isEqualTo(raw);
      } else {
        assertThat(kind == 0 ? largest / 32760 : sum).isBetween(1 - 1e-5, 1 + 1e-5);
        assertThat(Embedder.cosine(x, raw)).isBetween(1 - 1e-6, 1 + 1e-6);
      }
    }
  }

  @Test
  void aTextThatIsTooLongIsRefused() throws IOException {
    Toy toy = EncoderToys.byName("bert");
    try (Model model = load(toy);
        Embedder embedder = model.newEmbedder(EXACT.withPooling(Pooling.MEAN))) {
      assertThat(embedder.nCtx()).isEqualTo(128);
      List<int[]> longest = List.of(Logit.tokens(128, toy.nVocab()));
      assertThat(embedder.embedTokens(longest)).hasSize(1);
      assertThatThrownBy(() -> embedder.embedTokens(List.of(Logit.tokens(129, toy.nVocab()))))
          .isInstanceOfSatisfying(
              ContextFullException.class, e -> assertThat(e.nCtx()).isEqualTo(128));
    }
  }

  /** A table of learned positions ends; a larger context does not make it longer. */
  @Test
  void positionsBehindTheTableAreRefused() throws IOException {
    Toy toy = EncoderToys.byName("bert");
    EmbeddingOptions options = EXACT.withPooling(Pooling.MEAN).withContext(200);
    try (Model model = load(toy);
        Embedder embedder = model.newEmbedder(options)) {
      List<int[]> text = List.of(Logit.tokens(150, toy.nVocab()));
      assertThatThrownBy(() -> embedder.embedTokens(text)).isInstanceOf(ContextFullException.class);
    }
  }

  @Test
  void wrongTokensAreRefused() throws IOException {
    try (Model model = load(EncoderToys.byName("bert"));
        Embedder embedder = model.newEmbedder(EXACT.withPooling(Pooling.MEAN))) {
      assertThatThrownBy(() -> embedder.embedTokens(List.of(new int[] {1, 32})))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("32");
      assertThatThrownBy(() -> embedder.embedTokens(List.of(new int[0])))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> embedder.tokenVectors(1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("NONE");
      assertThat(embedder.embedTokens(List.of())).isEmpty();
    }
  }

  @Test
  void anEncoderWritesNoText() throws IOException {
    try (Model model = load(EncoderToys.byName("bert"))) {
      assertThatThrownBy(model::newSession)
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("encoder");
    }
  }

  /** As a decoder that was made to give vectors of texts: its tokens look at those behind them. */
  @Test
  void aDecoderThatLooksAheadWritesNoText() throws IOException {
    TinyGguf.Content content = Toys.byName("qwen2").content();
    content.metadata.put("qwen2.attention.causal", false);
    Path file = folder.resolve("ahead.gguf");
    content.write(file);
    try (Model model = Model.load(file, PLAIN)) {
      assertThatThrownBy(model::newSession)
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("qwen2")
          .hasMessageContaining("attention.causal");
      EmbeddingOptions first = EXACT.withPooling(Pooling.CLS);
      float[] one = vectors(model, first, List.of(new int[] {1, 2, 3})).get(0);
      float[] other = vectors(model, first, List.of(new int[] {1, 2, 4})).get(0);
      assertThat(one).isNotEqualTo(other);
    }
  }

  @Test
  void theModelClosesItsEmbedders() throws IOException {
    Model model = load(EncoderToys.byName("bert"));
    Embedder embedder = model.newEmbedder(EXACT);
    model.close();
    embedder.close();
    assertThatThrownBy(() -> embedder.tokenVectors(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> model.newEmbedder(EXACT)).isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void poolingsHaveLlamaCppsNumbers(Pooling pooling) {
    assertThat(Pooling.of(List.of("NONE", "MEAN", "CLS", "LAST", "RANK").indexOf(pooling.name())))
        .isEqualTo(pooling);
  }

  @Test
  void textsAreTokenized() throws IOException {
    List<String> words = new ArrayList<>(List.of(" a", " b", " c", " d"));
    try (Model model = TinyWords.load(folder, TinyGguf.small(), words)) {
      EmbeddingOptions options = EmbeddingOptions.defaults().withThreads(1);
      List<float[]> vectors = model.embed(List.of("a b", "c d", "a b"), options);
      assertThat(vectors).hasSize(3);
      assertThat(Embedder.cosine(vectors.get(0), vectors.get(2))).isBetween(1 - 1e-6, 1 + 1e-6);
      assertThat(Embedder.cosine(vectors.get(0), vectors.get(1))).isLessThan(0.999);
      int[] tokens = model.tokenizer().encode("a b");
      try (Embedder embedder = model.newEmbedder(options)) {
        assertThat(embedder.embed("a b")).isEqualTo(embedder.embedTokens(List.of(tokens)).get(0));
      }
      EmbeddingOptions narrow = options.withContext(3);
      assertThatThrownBy(() -> model.embed(List.of("a b c d"), narrow))
          .isInstanceOf(ContextFullException.class);
      List<float[]> cut = model.embed(List.of("a b c d", "a b"), narrow.withTruncate(true));
      assertThat(Embedder.cosine(cut.get(0), cut.get(1))).isBetween(1 - 1e-6, 1 + 1e-6);
    }
  }
}
