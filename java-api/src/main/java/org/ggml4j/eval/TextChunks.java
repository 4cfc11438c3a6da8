package org.ggml4j.eval;

import java.util.concurrent.CancellationException;
import org.ggml4j.Session;
import org.ggml4j.nn.Batch;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.SpecialTokens;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * A text as chunks of tokens, evaluated one after the other, each from an empty context.
 *
 * <p>The cut is that of llama.cpp's llama-perplexity: the second half of a chunk is predicted; the
 * first token of a chunk gives way to BOS where the model wants one.
 */
final class TextChunks {
  private final int[] tokens;
  private final EvaluationOptions options;
  private final SpecialTokens special;
  private final int nChunks;

  /**
   * @throws IllegalArgumentException if the text is shorter than two chunks
   */
  TextChunks(String text, Tokenizer tokenizer, EvaluationOptions options) {
    this.options = options;
    tokens = tokenizer.encode(text, EncodeOptions.defaults());
    special = tokenizer.special();
    if (tokens.length < 2 * options.nCtx()) {
      throw new IllegalArgumentException(
          "the text has "
              + tokens.length
              + " tokens, expected at least "
              + 2 * options.nCtx()
              + " (two chunks); give a longer one, or a smaller context");
    }
    nChunks = Math.min(tokens.length / options.nCtx(), options.maxChunks());
  }

  int nChunks() {
    return nChunks;
  }

  /** Predictions of a chunk. */
  int nRows() {
    return options.nCtx() - 1 - options.nCtx() / 2;
  }

  /** The token that comes after the position of a row. */
  int next(int chunk, int row) {
    return tokens[chunk * options.nCtx() + options.nCtx() / 2 + row + 1];
  }

  /** Does something with one row of logits. */
  @FunctionalInterface
  interface RowConsumer {
    /**
     * @param logits [nVocab], to be used before the next call
     */
    void accept(int row, float[] logits);
  }

  /** Evaluates a chunk and gives out its rows, in order. */
  void evaluate(int chunk, Session session, float[] logits, RowConsumer rows) {
    int n = options.nCtx();
    int first = n / 2;
    int nBatch = Math.min(session.options().nBatch(), n);
    session.reset();
    Batch batch = new Batch(nBatch);
    int row = 0;
    for (int at = 0; at < n - 1; at += nBatch) {
      fill(batch, chunk, at, Math.min(at + nBatch, n - 1), first);
      session.evaluate(batch);
      for (int k = 0; k < batch.nOutputs(); k++) {
        session.readLogits(k, logits);
        rows.accept(row++, logits);
      }
    }
  }

  /**
   * Evaluates all tokens of a chunk up to the output layer, in batches of about the same size and
   * as large as the session takes.
   */
  void evaluateAll(int chunk, Session session) {
    int n = options.nCtx();
    int nBatches = Math.ceilDiv(n, Math.min(session.options().nBatch(), n));
    Batch batch = new Batch(Math.ceilDiv(n, nBatches));
    session.reset();
    for (int i = 0; i < nBatches; i++) {
      int at = (int) ((long) n * i / nBatches);
      int end = (int) ((long) n * (i + 1) / nBatches);
      fill(batch, chunk, at, end, 0);
      session.evaluate(batch);
    }
  }

  /** Tokens of a chunk, with outputs from one on. */
  private void fill(Batch batch, int chunk, int from, int to, int firstOutput) {
    batch.clear();
    for (int i = from; i < to; i++) {
      boolean bos = i == 0 && special.addBos() && special.bos().isPresent();
      int token = bos ? special.bos().getAsInt() : tokens[chunk * options.nCtx() + i];
      batch.add(token, i, 0, i >= firstOutput);
    }
  }

  /** Tells that a chunk is done. */
  void done(int chunk) {
    if (!options.progress().test((chunk + 1.0) / nChunks)) {
      throw new CancellationException("the evaluation was cancelled");
    }
  }
}
