package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Vectors of texts, pooled and of length 1, are those of llama.cpp's {@code llama-embedding}; what
 * is expected was recorded from it for the file that {@link #main} writes.
 */
class LlamaEmbeddingTest {
  @TempDir Path folder;

  /** A BERT whose vocabulary is words of one letter. */
  private static Path write(Path folder) throws IOException {
    TinyGguf.Content content = EncoderToys.byName("bert").content();
    List<String> tokens = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]"));
    for (int i = 4; i < 32; i++) {
      tokens.add("\u2581" + (char) ('a' + i - 4));
    }
    List<Integer> types = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      types.add(i < 4 ? 3 : 1);
    }
    content.metadata.put("tokenizer.ggml.model", "bert");
    content.metadata.put("tokenizer.ggml.pre", "jina-v2-en");
    content.metadata.put("tokenizer.ggml.tokens", tokens);
    content.metadata.put("tokenizer.ggml.token_type", types);
    content.metadata.put("tokenizer.ggml.unknown_token_id", 1);
    content.metadata.put("tokenizer.ggml.cls_token_id", 2);
    content.metadata.put("tokenizer.ggml.bos_token_id", 2);
    content.metadata.put("tokenizer.ggml.eos_token_id", 3);
    content.metadata.put("tokenizer.ggml.seperator_token_id", 3);
    content.metadata.put("tokenizer.ggml.padding_token_id", 0);
    Path path = folder.resolve("bert-words.gguf");
    content.write(path);
    return path;
  }

  /** Writes the file into a folder, for llama.cpp. */
  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]));
  }

  /**
   * A line of the recording: {@code llama-embedding --pooling P -p TEXT --embd-output-format array
   * -fa off}, which prints seven decimals.
   */
  record Line(Pooling pooling, String text, List<Float> vector) {
    static Line of(String line) {
      String[] parts = line.split("\\|", 3);
      List<Float> vector = Stream.of(parts[2].split(" ", -1)).map(Float::valueOf).toList();
      return new Line(Pooling.valueOf(parts[0]), parts[1], vector);
    }

    /**
     * Seven digits are printed, and GELU is a table of F16: where another batch rounds a product
     * otherwise, its result can be a step further.
     */
    void check(float[] found) {
      assertThat(found).hasSize(vector.size());
      for (int i = 0; i < found.length; i++) {
        assertThat(found[i]).as("element %d", i).isCloseTo(vector.get(i), within(5e-6f));
      }
    }

    @Override
    public String toString() {
      return pooling + " of " + text;
    }
  }

  static Stream<Line> recorded() throws IOException {
    String name = "/embedding/llama-embedding-bert.txt";
    try (InputStream in =
        Objects.requireNonNull(LlamaEmbeddingTest.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(Line::of);
    }
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void theVectorIsThatOfLlamaEmbedding(Line line) throws IOException {
    EmbeddingOptions options =
        EmbeddingOptions.defaults().withThreads(1).withFlashAttn(false).withPooling(line.pooling);
    try (Model model = Model.load(write(folder), ModelOptions.defaults().withRepack(false))) {
      line.check(model.embed(List.of(line.text), options).get(0));
      line.check(model.embed(List.of("d e", line.text, "b"), options).get(1));
    }
  }
}
