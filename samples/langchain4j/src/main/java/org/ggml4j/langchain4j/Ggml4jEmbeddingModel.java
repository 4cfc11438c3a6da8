package org.ggml4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import org.ggml4j.Embedder;
import org.ggml4j.EmbeddingOptions;
import org.ggml4j.Model;

/**
 * An {@link EmbeddingModel} in this process, on an encoder or a decoder. The texts of a request are
 * evaluated together, in batches of {@link EmbeddingOptions#nBatch} tokens. Any thread; several
 * take turns. Closing it leaves the model open.
 */
public final class Ggml4jEmbeddingModel implements EmbeddingModel, AutoCloseable {
  private final Embedder embedder;
  private final String name;
  private final List<EmbeddingModelListener> listeners;

  /**
   * Uses a model, which must stay open as long as this.
   *
   * @param name what the model is called in answers
   * @param listeners are told of each request and answer
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model can't be pooled so
   */
  public Ggml4jEmbeddingModel(
      Model model, String name, EmbeddingOptions options, EmbeddingModelListener... listeners) {
    this.embedder = model.newEmbedder(options);
    this.name = name;
    this.listeners = List.of(listeners);
  }

  /**
   * The vectors of a request's texts, in their order.
   *
   * @throws org.ggml4j.nn.ContextFullException if a text is too long and not to be truncated
   * @throws UnsupportedFeatureException if a parameter is set, or there is something but text
   */
  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    List<int[]> texts =
        request.inputs().stream().map(input -> embedder.tokens(input.text())).toList();
    return EmbeddingResponse.builder()
        .embeddings(embedder.embedTokens(texts).stream().map(Embedding::from).toList())
        .modelName(name)
        .tokenUsage(new TokenUsage(texts.stream().mapToInt(t -> t.length).sum(), 0))
        .build();
  }

  @Override
  public int dimension() {
    return embedder.dimension();
  }

  @Override
  public String modelName() {
    return name;
  }

  @Override
  public List<EmbeddingModelListener> listeners() {
    return listeners;
  }

  @Override
  public void close() {
    embedder.close();
  }
}
