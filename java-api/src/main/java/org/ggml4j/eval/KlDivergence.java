package org.ggml4j.eval;

import java.util.Arrays;
import org.ggml4j.Session;

/**
 * How far a model's predictions are from another's, most often a quantized model's from its
 * original's: over the tokens of a text, the Kullback-Leibler divergence of their distributions,
 * and how the probabilities of the tokens that come differ.
 *
 * <p>Both models evaluate each chunk in turn, so that nothing has to be stored. Defined as
 * llama.cpp's {@code llama-perplexity --kl-divergence} defines it, which rounds the reference's
 * logarithms to 16 bits on the way.
 */
public final class KlDivergence {
  private static final float LEAST_LOG_PROBABILITY = -16;

  private KlDivergence() {}

  /**
   * What was measured.
   *
   * @param perplexity of the model
   * @param referencePerplexity of the reference
   * @param logRatio of the two, the model's over the reference's: natural logarithm
   * @param divergence mean of the divergences, in nats
   * @param divergences of each token, ascending
   * @param sameTop share of tokens for which both think the same one most likely
   * @param meanDifference of the probabilities of the tokens that came, the model's less the
   *     reference's
   * @param rmsDifference root of their mean square
   * @param nTokens how many tokens were predicted
   */
  public record Result(
      Estimate perplexity,
      Estimate referencePerplexity,
      Estimate logRatio,
      Estimate divergence,
      Quantiles divergences,
      Estimate sameTop,
      Estimate meanDifference,
      Estimate rmsDifference,
      long nTokens) {}

  /** Sorted numbers. */
  public static final class Quantiles {
    private final float[] sorted;

    private Quantiles(float[] values) {
      sorted = values.clone();
      Arrays.sort(sorted);
    }

    /**
     * The value that a share of all values is not above, between two of them by interpolation.
     *
     * @param share 0 for the least, 1 for the greatest
     */
    public double at(double share) {
      double place = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
      int below = (int) place;
      double part = place - below;
      return (1 - part) * sorted[below] + part * sorted[Math.min(below + 1, sorted.length - 1)];
    }
  }

  /**
   * Measures; both sessions are empty afterwards.
   *
   * @param reference session of the model that is taken for the truth
   * @param session of the model to measure
   * @throws IllegalArgumentException if the vocabularies differ in size, or the text is shorter
   *     than two chunks
   * @throws org.ggml4j.nn.ContextFullException if a chunk does not fit into a session
   * @throws java.util.concurrent.CancellationException if the options' listener said so
   */
  public static Result between(
      Session reference, Session session, String text, EvaluationOptions options) {
    return new Reference(reference, text, 0).compare(session, options);
  }

  /** A model that several others are compared with over one text. */
  public static final class Reference {
    private final Session reference;
    private final String text;
    private final long mostBytes;
    private float[][][] kept = {};

    /**
     * Evaluates nothing yet.
     *
     * @param session of the model that is taken for the truth
     * @param mostBytes if its logits take no more memory than this, they are computed once and kept
     */
    public Reference(Session session, String text, long mostBytes) {
      this.reference = session;
      this.text = text;
      this.mostBytes = mostBytes;
    }

    /**
     * Measures as {@link KlDivergence#between} does.
     *
     * @throws IllegalArgumentException also if logits were kept, and these options make other
     *     chunks
     */
    public Result compare(Session session, EvaluationOptions options) {
      int nVocab = reference.model().hparams().nVocab();
      if (session.model().hparams().nVocab() != nVocab) {
        throw new IllegalArgumentException(
            "vocabulary: expected the "
                + nVocab
                + " tokens of the reference, found "
                + session.model().hparams().nVocab());
      }
      TextChunks chunks = new TextChunks(text, reference.model().tokenizer(), options);
      if (kept.length != 0
          && (kept.length != chunks.nChunks() || kept[0].length != chunks.nRows())) {
        throw new IllegalArgumentException(
            "options: expected "
                + kept.length
                + " chunks with "
                + kept[0].length
                + " predictions each");
      }
      long bytes = (long) Float.BYTES * chunks.nChunks() * chunks.nRows() * nVocab;
      boolean keep = bytes <= mostBytes;
      float[][][] known = kept;
      float[][][] all = keep ? new float[chunks.nChunks()][][] : new float[0][][];
      float[][] rows = new float[keep ? 0 : chunks.nRows()][nVocab];
      float[] logits = new float[nVocab];
      Sums sums = new Sums(chunks.nChunks() * chunks.nRows());
      for (int c = 0; c < chunks.nChunks(); c++) {
        int chunk = c;
        float[][] expected =
            known.length > 0 ? known[chunk] : keep ? new float[chunks.nRows()][nVocab] : rows;
        if (known.length == 0) {
          chunks.evaluate(
              chunk,
              reference,
              logits,
              (row, l) -> System.arraycopy(l, 0, expected[row], 0, nVocab));
        }
        if (keep) {
          all[chunk] = expected;
        }
        chunks.evaluate(
            chunk,
            session,
            logits,
            (row, l) -> sums.add(expected[row], l, chunks.next(chunk, row)));
        chunks.done(chunk);
      }
      kept = all;
      reference.reset();
      session.reset();
      return sums.result();
    }
  }

  private static final class Sums {
    private final Perplexity.Sum nll = new Perplexity.Sum();
    private final Perplexity.Sum nllReference = new Perplexity.Sum();
    private final Perplexity.Sum divergence = new Perplexity.Sum();
    private final Perplexity.Sum difference = new Perplexity.Sum();
    private final Perplexity.Sum squaredDifference = new Perplexity.Sum();
    private final float[] divergences;
    private double products;
    private int sameTop;
    private int n;

    Sums(int capacity) {
      divergences = new float[capacity];
    }

    void add(float[] reference, float[] logits, int next) {
      double norm = LogSoftmax.logSumExp(logits);
      double normReference = LogSoftmax.logSumExp(reference);
      double own = norm - logits[next];
      double theirs = normReference - reference[next];
      nll.add(own);
      nllReference.add(theirs);
      products += own * theirs;
      double kl = 0;
      for (int i = 0; i < logits.length; i++) {
        double logP = reference[i] - normReference;
        if (logP > LEAST_LOG_PROBABILITY) {
          kl += Math.exp(logP) * (logP - logits[i] + norm);
        }
      }
      divergence.add(kl);
      divergences[n++] = (float) kl;
      if (LogSoftmax.argMax(reference) == LogSoftmax.argMax(logits)) {
        sameTop++;
      }
      double d = Math.exp(-own) - Math.exp(-theirs);
      difference.add(d);
      squaredDifference.add(d * d);
    }

    Result result() {
      Estimate own = nll.mean();
      Estimate theirs = nllReference.mean();
      double covariance = (products / n - own.value() * theirs.value()) / Math.max(1, n - 1);
      double variance =
          own.error() * own.error() + theirs.error() * theirs.error() - 2 * covariance;
      return new Result(
          own.exp(),
          theirs.exp(),
          new Estimate(own.value() - theirs.value(), Math.sqrt(Math.max(0, variance))),
          divergence.mean(),
          new Quantiles(divergences),
          Estimate.ofShare(sameTop, n),
          difference.mean(),
          squaredDifference.mean().sqrt(),
          n);
    }
  }
}
