package org.ggml4j.eval;

import org.ggml4j.Session;

/**
 * How surprised a model is by a text: the exponential of the mean negative log-likelihood of its
 * tokens. Lower is better; values compare only for the same text, context and vocabulary.
 *
 * <p>Defined as llama.cpp's llama-perplexity defines it ({@code tools/perplexity}).
 */
public final class Perplexity {
  private Perplexity() {}

  /**
   * What was measured.
   *
   * @param perplexity with its standard error
   * @param nTokens how many tokens were predicted
   * @param nChunks in how many chunks
   */
  public record Result(Estimate perplexity, long nTokens, int nChunks) {}

  /**
   * Measures; the session is empty afterwards.
   *
   * @throws IllegalArgumentException if the text is shorter than two chunks
   * @throws org.ggml4j.nn.ContextFullException if a chunk does not fit into the session
   * @throws java.util.concurrent.CancellationException if the options' listener said so
   */
  public static Result of(Session session, String text, EvaluationOptions options) {
    TextChunks chunks = new TextChunks(text, session.model().tokenizer(), options);
    float[] logits = new float[session.model().hparams().nVocab()];
    Sum sum = new Sum();
    for (int c = 0; c < chunks.nChunks(); c++) {
      int chunk = c;
      chunks.evaluate(
          chunk,
          session,
          logits,
          (row, l) -> sum.add(LogSoftmax.logSumExp(l) - l[chunks.next(chunk, row)]));
      chunks.done(chunk);
    }
    session.reset();
    return new Result(sum.mean().exp(), sum.count, chunks.nChunks());
  }

  /** Sums of numbers and of their squares. */
  static final class Sum {
    double total;
    double squares;
    long count;

    void add(double value) {
      total += value;
      squares += value * value;
      count++;
    }

    Estimate mean() {
      return Estimate.of(total, squares, count);
    }
  }
}
