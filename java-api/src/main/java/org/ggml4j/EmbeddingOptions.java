package org.ggml4j;

import java.util.Optional;
import org.ggml4j.nn.Pooling;

/**
 * How texts become vectors.
 *
 * @param pooling how the vectors of a text's tokens become one; empty for what the file says
 *     ({@code ARCH.pooling_type}), or if it says nothing the mean for an encoder and the last token
 *     for a decoder
 * @param normalize length of the vectors, numbered as llama.cpp's {@code --embd-normalize}: -1 as
 *     they are, 0 the largest element is 32760, 1 the sum of absolute values is 1, 2 the Euclidean
 *     length is 1, above 2 that norm is 1; scores of {@link Pooling#RANK} are never normalised
 * @param truncate whether the end of a text that is longer than the context is cut off
 * @param nCtx tokens that a text may have; 0 for the training length, for decoders at most 4096
 * @param nBatch tokens of texts that are evaluated together; a longer text is evaluated alone
 * @param threads CPU threads; 0 for the model's default
 * @param flashAttn whether attention is computed as one operation, with keys and values in F16
 */
public record EmbeddingOptions(
    Optional<Pooling> pooling,
    int normalize,
    boolean truncate,
    int nCtx,
    int nBatch,
    int threads,
    boolean flashAttn) {
  public EmbeddingOptions {
    if (normalize < -1) {
      throw new IllegalArgumentException("normalize: expected -1 or more, found " + normalize);
    }
    if (nCtx < 0) {
      throw new IllegalArgumentException("nCtx: expected 0 or more, found " + nCtx);
    }
    if (nBatch < 1) {
      throw new IllegalArgumentException("nBatch: expected 1 or more, found " + nBatch);
    }
    if (threads < 0) {
      throw new IllegalArgumentException("threads: expected 0 or more, found " + threads);
    }
  }

  /** The file's pooling, Euclidean length 1, no truncation, batches of 2048 tokens. */
  public static EmbeddingOptions defaults() {
    return new EmbeddingOptions(Optional.empty(), 2, false, 0, 2048, 0, true);
  }

  public EmbeddingOptions withPooling(Pooling value) {
    return new EmbeddingOptions(
        Optional.of(value), normalize, truncate, nCtx, nBatch, threads, flashAttn);
  }

  /** See {@link #normalize}. */
  public EmbeddingOptions withNormalize(int value) {
    return new EmbeddingOptions(pooling, value, truncate, nCtx, nBatch, threads, flashAttn);
  }

  public EmbeddingOptions withTruncate(boolean value) {
    return new EmbeddingOptions(pooling, normalize, value, nCtx, nBatch, threads, flashAttn);
  }

  public EmbeddingOptions withContext(int tokens) {
    return new EmbeddingOptions(pooling, normalize, truncate, tokens, nBatch, threads, flashAttn);
  }

  public EmbeddingOptions withBatch(int tokens) {
    return new EmbeddingOptions(pooling, normalize, truncate, nCtx, tokens, threads, flashAttn);
  }

  public EmbeddingOptions withThreads(int n) {
    return new EmbeddingOptions(pooling, normalize, truncate, nCtx, nBatch, n, flashAttn);
  }

  public EmbeddingOptions withFlashAttn(boolean on) {
    return new EmbeddingOptions(pooling, normalize, truncate, nCtx, nBatch, threads, on);
  }
}
