package org.ggml4j.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.ggml4j.Embedder;
import org.ggml4j.EmbeddingOptions;
import org.ggml4j.Model;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.content.Media;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.TokenCountBatchingStrategy;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;

/** Vectors of texts, by the story teller that comes with the command. */
class Ggml4jEmbeddingModelTest {
  private static final List<String> TEXTS =
      List.of("The cat sat in a tree.", "The dog ran home.", "Tim had a red ball.");

  private static Model model;
  private static Embedder embedder;
  private static Ggml4jEmbeddingModel embedding;

  @BeforeAll
  static void load() throws IOException {
    model = StoryTeller.load();
    embedder =
        model.newEmbedder(
            EmbeddingOptions.defaults()
                .withPooling(Pooling.MEAN)
                .withContext(64)
                .withBatch(10)
                .withThreads(1));
    embedding = new Ggml4jEmbeddingModel(embedder, "tiny");
  }

  @AfterAll
  static void close() {
    embedder.close();
    model.close();
  }

  private static EmbeddingRequest request(
      org.springframework.ai.embedding.EmbeddingOptions.Builder options) {
    return new EmbeddingRequest(TEXTS, options.build());
  }

  private static org.springframework.ai.embedding.EmbeddingOptions.Builder options() {
    return org.springframework.ai.embedding.EmbeddingOptions.builder();
  }

  @Test
  void textsBecomeVectorsInTheirOrder() {
    EmbeddingResponse response = embedding.call(request(options().model("tiny")));
    assertThat(response.getResults()).hasSize(3);
    int tokens = 0;
    for (int i = 0; i < 3; i++) {
      tokens += model.tokenizer().encode(TEXTS.get(i)).length;
      float[] vector = response.getResults().get(i).getOutput();
      assertThat(response.getResults().get(i).getIndex()).isEqualTo(i);
      assertThat(vector).hasSize(embedding.dimensions());
      assertThat(Embedder.cosine(vector, embedding.embed(TEXTS.get(i)))).isCloseTo(1, within(1e-4));
      assertThat(Embedder.cosine(vector, embedding.embed("One day"))).isLessThan(0.999);
    }
    assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(tokens);
    assertThat(response.getMetadata().getModel()).isEqualTo("tiny");
    assertThat(embedding.dimensions()).isEqualTo(model.hparams().nEmbd());
  }

  @Test
  void documentsAreEmbeddedInBatches() {
    List<Document> documents = TEXTS.stream().map(Document::new).toList();
    List<float[]> vectors =
        embedding.embed(documents, options().build(), new TokenCountBatchingStrategy());
    assertThat(vectors).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat(Embedder.cosine(vectors.get(i), embedding.embed(documents.get(i))))
          .isCloseTo(1, within(1e-4));
    }
  }

  @Test
  void badRequestsAreRefused() {
    assertThatThrownBy(() -> embedding.call(request(options().model("other"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("this is 'tiny'");
    assertThatThrownBy(() -> embedding.call(request(options().dimensions(7))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("found 7");
    assertThat(embedding.call(request(options().dimensions(embedding.dimensions()))).getResults())
        .hasSize(3);
    Document picture =
        new Document(
            new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(new byte[1])), Map.of());
    assertThatThrownBy(() -> embedding.embed(picture))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no text");
    assertThatThrownBy(() -> embedding.embed("long ".repeat(100)))
        .isInstanceOf(ContextFullException.class);
  }
}
