package org.ggml4j.eval;

import java.util.function.DoublePredicate;

/**
 * How a text is cut up and evaluated.
 *
 * @param nCtx tokens of a chunk; the second half of each is predicted, from what is before it in
 *     the chunk
 * @param maxChunks how many chunks at most
 * @param progress is told the share that is done, from 0 to 1, after each chunk; false cancels with
 *     a {@link java.util.concurrent.CancellationException}
 */
public record EvaluationOptions(int nCtx, int maxChunks, DoublePredicate progress) {
  private static final int DEFAULT_CONTEXT = 512;

  /** Checks the sizes. */
  public EvaluationOptions {
    if (nCtx < 4) {
      throw new IllegalArgumentException("nCtx: expected 4 or more, found " + nCtx);
    }
    if (maxChunks < 1) {
      throw new IllegalArgumentException("maxChunks: expected 1 or more, found " + maxChunks);
    }
  }

  /** Chunks of 512 tokens, all of them: llama.cpp's defaults. */
  public static EvaluationOptions defaults() {
    return new EvaluationOptions(DEFAULT_CONTEXT, Integer.MAX_VALUE, share -> true);
  }

  /** With chunks of so many tokens. */
  public EvaluationOptions withContext(int tokens) {
    return new EvaluationOptions(tokens, maxChunks, progress);
  }

  /** With so many chunks at most. */
  public EvaluationOptions withMaxChunks(int n) {
    return new EvaluationOptions(nCtx, n, progress);
  }

  /** With another listener. */
  public EvaluationOptions withProgress(DoublePredicate listener) {
    return new EvaluationOptions(nCtx, maxChunks, listener);
  }
}
