package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * T5 reads a prompt and writes what llama.cpp writes. The expected texts are those of llama.cpp's
 * {@code llama-completion --temp 0} for the files that {@link #main} writes.
 */
class T5Test {
  @TempDir Path folder;

  private static Toy toy(String name) {
    Toy.Builder row = EncoderToys.t5(name);
    return name.equals("t5-gated")
        ? row.with("output.weight", ".*ffn_gate.weight", ".*attn_rel_b.weight").build()
        : row.build();
  }

  /** Words of one letter, and no end, so that the text goes on. */
  private static Path write(Path folder, String name) throws IOException {
    TinyGguf.Content content = toy(name).content();
    List<String> tokens = new ArrayList<>(List.of("<pad>", "</s>", "<unk>"));
    List<Integer> types = new ArrayList<>(List.of(3, 3, 2));
    for (int i = 3; i < 32; i++) {
      tokens.add("\u2581" + (char) ('a' + i - 3));
      types.add(1);
    }
    float[] scores = new float[tokens.size()];
    for (int i = 3; i < scores.length; i++) {
      scores[i] = -i;
    }
    content.metadata.put("tokenizer.ggml.model", "t5");
    content.metadata.put("tokenizer.ggml.pre", "default");
    content.metadata.put("tokenizer.ggml.tokens", tokens);
    content.metadata.put("tokenizer.ggml.token_type", types);
    content.metadata.put("tokenizer.ggml.scores", scores);
    content.metadata.put("tokenizer.ggml.eos_token_id", 1);
    content.metadata.put("tokenizer.ggml.padding_token_id", 0);
    content.metadata.put("tokenizer.ggml.unknown_token_id", 2);
    content.metadata.put("tokenizer.ggml.add_bos_token", false);
    content.metadata.put("tokenizer.ggml.add_eos_token", true);
    content.metadata.put("tokenizer.ggml.add_space_prefix", true);
    Path path = folder.resolve(name + ".gguf");
    content.write(path);
    return path;
  }

  /** Writes the files into a folder, for llama.cpp. */
  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]), "t5");
    write(Path.of(args[0]), "t5-gated");
  }

  private static String text(Session session, String prompt) {
    StringBuilder text = new StringBuilder();
    for (Piece piece : session.generate(prompt, config())) {
      text.append(piece.text());
    }
    return text.toString();
  }

  private static GenerationConfig config() {
    return GenerationConfig.greedy().withMaxTokens(24);
  }

  @ParameterizedTest
  @CsvSource({
    "t5, c f a a t q, h h h h h h h h h h h h h h h h h h h h h h h h",
    "t5-gated, c f a a t q, p s a t t t t t t t t t t t t t t t t t t t t t",
    "t5-gated, b b, h h h h h h h h h h h h h h h h h h h h h h h h",
    "t5-gated, z y x w v u t s r q p o n m l k j i h g f e d c b a,"
        + " w w w w w w w w w w w w w w w w w w w z u } h t"
  })
  void writesWhatLlamaCppWrites(String name, String prompt, String expected) throws IOException {
    try (Model model = Model.load(write(folder, name), ModelOptions.defaults().withRepack(false));
        Session exact = model.newSession(Logit.EXACT);
        Session usual =
            model.newSession(SessionOptions.defaults().withThreads(1).withKvType(GgmlType.F32))) {
      assertThat(text(exact, prompt).trim()).isEqualTo(expected);
      text(exact, "d e f");
      assertThat(text(exact, prompt).trim()).as("after another one").isEqualTo(expected);
      assertThat(text(usual, prompt).trim()).isEqualTo(expected);
    }
  }

  @Test
  void itsEncoderGivesVectors() throws IOException {
    EmbeddingOptions options = EmbeddingOptions.defaults().withThreads(1);
    try (Model model = Model.load(write(folder, "t5"));
        Embedder embedder = model.newEmbedder(options.withPooling(Pooling.MEAN))) {
      List<float[]> vectors = embedder.embed(List.of("a b c", "q r", "a b c"));
      assertThat(Embedder.cosine(vectors.get(0), vectors.get(2))).isGreaterThan(1 - 1e-6);
      assertThat(Embedder.cosine(vectors.get(0), vectors.get(1))).isLessThan(0.999);
    }
  }

  @Test
  void aTextNeedsASource() throws IOException {
    try (Model model = Model.load(write(folder, "t5"));
        Session session = model.newSession(Logit.EXACT.withContext(32))) {
      Batch batch = new Batch();
      batch.add(3, 0, 0, true);
      assertThatThrownBy(() -> session.evaluate(batch))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("source");
      assertThatThrownBy(() -> session.generate("a ".repeat(40), config()))
          .isInstanceOf(ContextFullException.class);
    }
  }

  @Test
  void quantizedValuesAreRefused() throws IOException {
    SessionOptions options = SessionOptions.defaults().withKvType(GgmlType.Q8_0);
    try (Model model = Model.load(write(folder, "t5"))) {
      assertThatThrownBy(() -> model.newSession(options))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("t5");
    }
  }

  @Test
  void searchesAndParallelTextsWriteFromThePrompt() throws IOException {
    String prompt = "z y x w v u t s r q p o n m l k j i h g f e d c b a";
    try (Model model = Model.load(write(folder, "t5-gated"));
        Session session = model.newSession(Logit.EXACT);
        Session other = model.newSession(Logit.EXACT)) {
      String greedy = text(other, prompt);
      text(session, "d e f"); // another source before
      BeamSearchConfig one = BeamSearchConfig.of(1).withMaxTokens(24);
      Hypothesis first = session.search(prompt, one).get(0);
      assertThat(first.text()).isEqualTo(greedy);
      Hypothesis best = session.search(prompt, BeamSearchConfig.of(4).withMaxTokens(24)).get(0);
      assertThat(best.score()).isGreaterThanOrEqualTo(first.score());
      List<Hypothesis> same = session.generateAll(prompt, 3, config());
      assertThat(same).extracting(Hypothesis::text).containsOnly(greedy);
      try (ParallelGeneration parallel = session.parallel(prompt, 2)) {
        parallel.add(new int[0], config());
        parallel.add(new int[0], config());
        assertThat(parallel.finish()).extracting(Hypothesis::text).containsOnly(greedy);
        assertThatThrownBy(() -> parallel.add("a b", config()))
            .isInstanceOf(UnsupportedModelException.class)
            .hasMessageContaining("'t5'");
      }
      ContrastiveSearchConfig plain =
          ContrastiveSearchConfig.of(3).withPenaltyAlpha(0).withMaxTokens(24);
      assertThat(session.search(prompt, plain).text()).isEqualTo(greedy);
      assertThat(text(session, prompt)).isEqualTo(greedy);
      assertThatThrownBy(() -> session.generateAll(List.of("a b", "c d"), config()))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("'t5'");
    }
  }

  @Test
  void forksWriteFromTheSameSource() throws IOException {
    String prompt = "c f a a t q";
    try (Model model = Model.load(write(folder, "t5-gated"));
        Session session = model.newSession(Logit.EXACT)) {
      String whole = text(session, prompt);
      StringBuilder text = new StringBuilder();
      for (Piece piece : session.generate(prompt, config().withMaxTokens(6))) {
        text.append(piece.text());
      }
      String begin = text.toString();
      try (Session fork = session.fork()) {
        for (Session s : List.of(fork, session)) {
          StringBuilder rest = new StringBuilder(begin);
          for (Piece piece : s.generate(config().withMaxTokens(18))) {
            rest.append(piece.text());
          }
          assertThat(rest.toString()).isEqualTo(whole);
        }
        for (Session s : List.of(fork, session)) {
          assertThatThrownBy(() -> s.generate("b b", config()))
              .isInstanceOf(UnsupportedModelException.class)
              .hasMessageContaining("'t5'")
              .hasMessageContaining("fork");
        }
      }
      assertThat(text(session, prompt)).as("alone again").isEqualTo(whole);
    }
  }

  @Test
  void filesAndPoolsAreRefused() throws IOException {
    Path file = folder.resolve("t5.session");
    try (Model model = Model.load(write(folder, "t5"));
        Session session = model.newSession(Logit.EXACT)) {
      text(session, "a b c");
      assertThatThrownBy(() -> session.save(file))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("'t5'");
      assertThatThrownBy(() -> session.restore(file)).isInstanceOf(UnsupportedModelException.class);
      assertThat(file).doesNotExist();
      assertThatThrownBy(() -> model.newSessionPool(Logit.EXACT, 2))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("pool");
    }
  }
}
