package org.ggml4j.decode;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
 * @param logProbs how many alternatives each token tells with their log-probabilities, before and
 *     after the processors; empty for none
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
    OptionalInt logProbs,
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
    if (logProbs.isPresent()) {
      atLeast("logProbs", 0, logProbs.getAsInt());
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
        OptionalInt.empty(),
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
    return with(edit -> edit.nBest = n);
  }

  public BeamSearchConfig withMaxTokens(int n) {
    return with(edit -> edit.maxTokens = n);
  }

  public BeamSearchConfig withLengthPenalty(double exponent) {
    return with(edit -> edit.lengthPenalty = exponent);
  }

  public BeamSearchConfig withEarlyStopping(EarlyStopping when) {
    return with(edit -> edit.earlyStopping = when);
  }

  /**
   * Divides the beams into groups that differ (Vijayakumar et al., "Diverse beam search", 2016,
   * arXiv 1610.02424, with Hamming diversity).
   *
   * @param n a divisor of the width
   * @param penalty see {@link #diversityPenalty}
   */
  public BeamSearchConfig withGroups(int n, double penalty) {
    return with(
        edit -> {
          edit.groups = n;
          edit.diversityPenalty = penalty;
        });
  }

  /** Ends a hypothesis when one of these texts appears in it. */
  public BeamSearchConfig withStop(String... texts) {
    return with(edit -> edit.stop = List.of(texts));
  }

  /** Adds an edit of the logits behind those there are. */
  public BeamSearchConfig withProcessor(LogitsProcessor processor) {
    List<LogitsProcessor> more = new ArrayList<>(processors);
    more.add(processor);
    return with(edit -> edit.processors = more);
  }

  /** Tells with each token up to n alternatives, before and after the processors. */
  public BeamSearchConfig withLogProbs(int n) {
    return with(edit -> edit.logProbs = OptionalInt.of(n));
  }

  public BeamSearchConfig withListener(Consumer<Hypothesis> best) {
    return with(edit -> edit.listener = Optional.of(best));
  }

  private BeamSearchConfig with(Consumer<Edit> change) {
    Edit edit = new Edit(this);
    change.accept(edit);
    return edit.config();
  }

  /** The components while one is changed. */
  private static final class Edit {
    private final int width;
    private int nBest;
    private int maxTokens;
    private double lengthPenalty;
    private EarlyStopping earlyStopping;
    private int groups;
    private double diversityPenalty;
    private List<String> stop;
    private List<LogitsProcessor> processors;
    private OptionalInt logProbs;
    private Optional<Consumer<Hypothesis>> listener;

    Edit(BeamSearchConfig from) {
      width = from.width;
      nBest = from.nBest;
      maxTokens = from.maxTokens;
      lengthPenalty = from.lengthPenalty;
      earlyStopping = from.earlyStopping;
      groups = from.groups;
      diversityPenalty = from.diversityPenalty;
      stop = from.stop;
      processors = from.processors;
      logProbs = from.logProbs;
      listener = from.listener;
    }

    BeamSearchConfig config() {
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
          logProbs,
          listener);
    }
  }
}
