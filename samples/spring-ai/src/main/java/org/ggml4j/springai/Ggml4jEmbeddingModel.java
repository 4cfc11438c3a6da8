package org.ggml4j.springai;

import java.util.List;
import java.util.stream.IntStream;
import org.ggml4j.Embedder;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;

/**
 * An {@link EmbeddingModel} in this process, on an encoder or a decoder. The texts of a request are
 * evaluated together, in batches of {@link org.ggml4j.EmbeddingOptions#nBatch} tokens. Any thread;
 * several take turns.
 */
public final class Ggml4jEmbeddingModel implements EmbeddingModel {
  private final Embedder embedder;
  private final String name;

  /**
   * Uses an embedder, which must stay open as long as this.
   *
   * @param name what the model is called in requests and answers
   */
  public Ggml4jEmbeddingModel(Embedder embedder, String name) {
    this.embedder = embedder;
    this.name = name;
  }

  /**
   * The vectors of a request's texts, in their order.
   *
   * @throws IllegalArgumentException if it is for another model, or wants vectors of another length
   * @throws org.ggml4j.nn.ContextFullException if a text is too long and not to be truncated
   */
  @Override
  public EmbeddingResponse call(EmbeddingRequest request) {
    check(request.getOptions());
    List<int[]> texts = request.getInstructions().stream().map(embedder::tokens).toList();
    List<float[]> vectors = embedder.embedTokens(texts);
    int tokens = texts.stream().mapToInt(text -> text.length).sum();
    return new EmbeddingResponse(
        IntStream.range(0, vectors.size()).mapToObj(i -> new Embedding(vectors.get(i), i)).toList(),
        new EmbeddingResponseMetadata(name, new DefaultUsage(tokens, 0)));
  }

  private void check(@Nullable EmbeddingOptions options) {
    if (options == null) {
      return;
    }
    if (options.getModel() != null && !options.getModel().equals(name)) {
      throw new IllegalArgumentException(
          "model: this is '" + name + "', found '" + options.getModel() + "'");
    }
    if (options.getDimensions() != null && options.getDimensions() != dimensions()) {
      throw new IllegalArgumentException(
          "dimensions: this model's vectors have "
              + dimensions()
              + " numbers, found "
              + options.getDimensions());
    }
  }

  /**
   * The vector of a document's text.
   *
   * @throws IllegalArgumentException if it has none
   */
  @Override
  public float[] embed(Document document) {
    String text = getEmbeddingContent(document);
    if (text == null) {
      throw new IllegalArgumentException("document " + document.getId() + " has no text");
    }
    return embed(text);
  }

  @Override
  public int dimensions() {
    return embedder.dimension();
  }
}
