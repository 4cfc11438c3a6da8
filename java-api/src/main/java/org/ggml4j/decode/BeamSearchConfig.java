package org.ggml4j.decode;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.ggml4j.sampling.LogitsProcessor;

/**
 * How a beam search goes on. Names, meanings and defaults are those of Hugging Face's Transformers
 * ({@code num_beams}, {@code length_penalty}, {@code early_stopping}, {@code num_beam_groups},
 * {@code diversity_penalty}); greedy decoding is width 1.
 *
 * @param width beams that are kept from step to step
 * @param nBest hypotheses that are returned, at most {@code width}
 * @param maxTokens tokens that a hypothesis has at most; {@link Integer#MAX_VALUE} for as many as
 *     fit
 * @param lengthPenalty hypotheses are ordered by score / length^lengthPenalty, the length in
 *     tokens: 0 orders by the score alone, which favours short texts; more favours long ones
 * @param earlyStopping when the search ends before its beams have
 * @param groups into which the beams are divided, for a diverse beam search; 1 for none
 * @param diversityPenalty by how much a token's log-probability counts less in a group for each
 *     beam of the groups before it that chose the token in the same step; scores are not changed
 * @param stop texts that end a hypothesis
 * @param processors edit the logits of each beam; each beam has its own {@link LogitsProcessor#fork
 *     forks}. What they add to a logit counts when hypotheses are ordered
 * @param listener is given the best hypothesis so far after each step
 */
public record BeamSearchConfig(
    int width,
    int nBest,
    int maxTokens,
    double lengthPenalty,
    EarlyStopping earlyStopping,
    int groups,
    double diversityPenalty,
    List<String> stop,
    List<LogitsProcessor> processors,
    Optional<Consumer<Hypothesis>> listener) {

  /** When a search ends, once as many hypotheses as beams are complete. */
  public enum EarlyStopping {
    /** At once; {@code early_stopping=True}. */
    ON,
    /**
     * When the best beam, at its present length, is not ahead of the last of them; {@code
     * early_stopping=False}.
     */
    HEURISTIC,
    /**
     * When no beam can get ahead of the last of them, whatever its tokens and its length; {@code
     * early_stopping="never"}.
     */
    NEVER
  }

  public BeamSearchConfig {
    atLeast("width", 1, width);
    atLeast("nBest", 1, nBest);
    atLeast("maxTokens", 1, maxTokens);
    atLeast("groups", 1, groups);
    if (nBest > width) {
      throw new IllegalArgumentException(
          "nBest: expected at most width, which is " + width + ", found " + nBest);
    }
    if (width % groups != 0) {
      throw new IllegalArgumentException(
          "groups: expected a divisor of width, which is " + width + ", found " + groups);
    }
    if (!Double.isFinite(lengthPenalty)) {
      throw new IllegalArgumentException(
          "lengthPenalty: expected a finite number, found " + lengthPenalty);
    }
    if (!(diversityPenalty >= 0 && diversityPenalty < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "diversityPenalty: expected 0 or more, found " + diversityPenalty);
    }
    stop = List.copyOf(stop);
    if (stop.contains("")) {
      throw new IllegalArgumentException("stop: an empty text would end every hypothesis at once");
    }
    processors = List.copyOf(processors);
  }

  private static void atLeast(String name, int least, int found) {
    if (found < least) {
      throw new IllegalArgumentException(name + ": expected " + least + " or more, found " + found);
    }
  }

  /** A search of this width; the best hypothesis, until it ends or the context is full. */
  public static BeamSearchConfig of(int width) {
    return new BeamSearchConfig(
        width,
        1,
        Integer.MAX_VALUE,
        1,
        EarlyStopping.HEURISTIC,
        1,
        0,
        List.of(),
        List.of(),
        Optional.empty());
  }

  /** Beams of one group. */
  int groupWidth() {
    return width / groups;
  }

  /** The score that hypotheses are ordered by. */
  double normalized(double score, int length) {
    return length == 0 ? score : score / Math.pow(length, lengthPenalty);
  }

  public BeamSearchConfig withNBest(int n) {
    return new BeamSearchConfig(
        width,
        n,
        maxTokens,
        lengthPenalty,
        earlyStopping,
        groups,
        diversityPenalty,
        stop,
        processors,
        listener);
  }

  public BeamSearchConfig withMaxTokens(int n) {
    return new BeamSearchConfig(
        width,
        nBest,
        n,
        lengthPenalty,
        earlyStopping,
        groups,
        diversityPenalty,
        stop,
        processors,
        listener);
  }

  public BeamSearchConfig withLengthPenalty(double exponent) {
    return new BeamSearchConfig(
        width,
        nBest,
        maxTokens,
        exponent,
        earlyStopping,
        groups,
        diversityPenalty,
        stop,
        processors,
        listener);
  }

  public BeamSearchConfig withEarlyStopping(EarlyStopping when) {
    return new BeamSearchConfig(
        width,
        nBest,
        maxTokens,
        lengthPenalty,
        when,
        groups,
        diversityPenalty,
        stop,
        processors,
        listener);
  }

  /**
   * Divides the beams into groups that differ (Vijayakumar et al., "Diverse beam search", 2016,
   * arXiv 1610.02424, with Hamming diversity).
   *
   * @param n a divisor of the width
   * @param penalty see {@link #diversityPenalty}
   */
  public BeamSearchConfig withGroups(int n, double penalty) {
    return new BeamSearchConfig(
        width,
        nBest,
        maxTokens,
        lengthPenalty,
        earlyStopping,
        n,
        penalty,
        stop,
        processors,
        listener);
  }

  /** Ends a hypothesis when one of these texts appears in it. */
  public BeamSearchConfig withStop(String... texts) {
    return new BeamSearchConfig(
        width,
        nBest,
        maxTokens,
        lengthPenalty,
        earlyStopping,
        groups,
        diversityPenalty,
        List.of(texts),
        processors,
        listener);
  }

  /** Adds an edit of the logits behind those there are. */
  public BeamSearchConfig withProcessor(LogitsProcessor processor) {
    List<LogitsProcessor> more = new ArrayList<>(processors);
    more.add(processor);
    return new BeamSearchConfig(
        width,
        nBest,
        maxTokens,
        lengthPenalty,
        earlyStopping,
        groups,
        diversityPenalty,
        stop,
        more,
        listener);
  }

  public BeamSearchConfig withListener(Consumer<Hypothesis> best) {
    return new BeamSearchConfig(
        width,
        nBest,
        maxTokens,
        lengthPenalty,
        earlyStopping,
        groups,
        diversityPenalty,
        stop,
        processors,
        Optional.of(best));
  }
}
