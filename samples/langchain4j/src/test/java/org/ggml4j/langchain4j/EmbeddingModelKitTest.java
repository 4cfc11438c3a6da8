package org.ggml4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.store.embedding.CosineSimilarity;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.ggml4j.EmbeddingOptions;
import org.ggml4j.Model;
import org.ggml4j.nn.Pooling;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * LangChain4j's own tests of an EmbeddingModel, on the story teller's vectors. Those about
 * parameters and contents that are not supported are overridden here and are no tests any more; the
 * ones that want them refused are.
 */
class EmbeddingModelKitTest extends AbstractEmbeddingModelIT {
  private final Model model = StoryTeller.load();
  private final List<Ggml4jEmbeddingModel> opened = new ArrayList<>();
  private final Ggml4jEmbeddingModel embedding = open(2048);

  private Ggml4jEmbeddingModel open(int nBatch, EmbeddingModelListener... listeners) {
    Ggml4jEmbeddingModel made =
        new Ggml4jEmbeddingModel(
            model,
            "tiny",
            EmbeddingOptions.defaults()
                .withPooling(Pooling.MEAN)
                .withBatch(nBatch)
                .withContext(64)
                .withThreads(1),
            listeners);
    opened.add(made);
    return made;
  }

  @AfterAll
  void close() {
    opened.forEach(Ggml4jEmbeddingModel::close);
    model.close();
  }

  /** A new one for each test: JUnit closes arguments. */
  @Override
  protected List<EmbeddingModel> models() {
    return List.of(open(2048));
  }

  @Override
  protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
    return open(2048, listener);
  }

  @Override
  protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
    Ggml4jEmbeddingModel closed = open(2048, listener);
    closed.close();
    return closed;
  }

  @Test
  void batchesGiveTheSameVectorsAndCountAllTokens() {
    List<String> texts =
        IntStream.range(0, 20).mapToObj(i -> "The cat saw " + i + " birds in a tree.").toList();
    EmbeddingRequest request =
        EmbeddingRequest.builder()
            .textSegments(texts.stream().map(TextSegment::from).toList())
            .build();
    EmbeddingResponse together = embedding.embed(request);
    EmbeddingResponse inBatches = open(40).embed(request);
    assertThat(together.embeddings()).hasSize(20);
    int tokens = 0;
    for (int i = 0; i < 20; i++) {
      tokens += model.tokenizer().encode(texts.get(i)).length;
      assertThat(
              CosineSimilarity.between(together.embeddings().get(i), inBatches.embeddings().get(i)))
          .isCloseTo(1, within(1e-4));
    }
    assertThat(together.tokenUsage().inputTokenCount()).isEqualTo(tokens);
    assertThat(together.modelName()).isEqualTo("tiny");
    assertThat(embedding.dimension()).isEqualTo(model.hparams().nEmbd());
  }

  // ---- what is not supported

  @Override
  protected boolean supportsInputTypeParameter() {
    return false;
  }

  @Override
  protected boolean supportsDimensionsParameter() {
    return false;
  }

  @Override
  protected boolean supportsImageInput() {
    return false;
  }

  @Override
  protected void should_embed_query_and_document_differently(EmbeddingModel any) {}

  @Override
  protected void should_respect_dimensions_parameter(EmbeddingModel any) {}

  @Override
  protected void should_embed_image(EmbeddingModel any) {}

  @Override
  protected void should_embed_interleaved_text_and_image(EmbeddingModel any) {}
}
