package org.ggml4j.decode;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.ggml4j.sampling.LogitsProcessor;

/**
 * How a contrastive search goes on. Names and meanings are those of Hugging Face's Transformers
 * ({@code top_k}, {@code penalty_alpha}).
 *
 * @param topK how many of the likeliest tokens are tried in each step; 1 is greedy decoding
 * @param penaltyAlpha weight of the penalty for being like what was there before, 0 to 1; 0 is
 *     greedy decoding
 * @param maxTokens tokens that are generated at most; {@link Integer#MAX_VALUE} for as many as fit
 * @param stop texts that end the generation
 * @param processors edit the logits of each step; the search has its own {@link
 *     LogitsProcessor#fork forks}
 * @param logProbs how many alternatives each token tells with their log-probabilities, before and
 *     after the processors; empty for none
 * @param listener is given what there is after each step
 */
public record ContrastiveSearchConfig(
    int topK,
    double penaltyAlpha,
    int maxTokens,
    List<String> stop,
    List<LogitsProcessor> processors,
    OptionalInt logProbs,
    Optional<Consumer<Hypothesis>> listener) {

  public ContrastiveSearchConfig {
    if (topK < 1) {
      throw new IllegalArgumentException("topK: expected 1 or more, found " + topK);
    }
    if (!(penaltyAlpha >= 0 && penaltyAlpha <= 1)) {
      throw new IllegalArgumentException("penaltyAlpha: expected 0 to 1, found " + penaltyAlpha);
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens: expected 1 or more, found " + maxTokens);
    }
    if (logProbs.isPresent() && logProbs.getAsInt() < 0) {
      throw new IllegalArgumentException(
          "logProbs: expected 0 or more, found " + logProbs.getAsInt());
    }
    stop = List.copyOf(stop);
    if (stop.contains("")) {
      throw new IllegalArgumentException("stop: an empty text would end every generation at once");
    }
    processors = List.copyOf(processors);
  }

  /** The paper's settings: 0.6 and as many candidates as said; it uses 4 to 10. */
  public static ContrastiveSearchConfig of(int topK) {
    return new ContrastiveSearchConfig(
        topK, 0.6, Integer.MAX_VALUE, List.of(), List.of(), OptionalInt.empty(), Optional.empty());
  }

  public ContrastiveSearchConfig withPenaltyAlpha(double alpha) {
    return new ContrastiveSearchConfig(
        topK, alpha, maxTokens, stop, processors, logProbs, listener);
  }

  public ContrastiveSearchConfig withMaxTokens(int n) {
    return new ContrastiveSearchConfig(topK, penaltyAlpha, n, stop, processors, logProbs, listener);
  }

  /** Ends the generation when one of these texts appears. */
  public ContrastiveSearchConfig withStop(String... texts) {
    return new ContrastiveSearchConfig(
        topK, penaltyAlpha, maxTokens, List.of(texts), processors, logProbs, listener);
  }

  /** Adds an edit of the logits behind those there are. */
  public ContrastiveSearchConfig withProcessor(LogitsProcessor processor) {
    List<LogitsProcessor> more = new ArrayList<>(processors);
    more.add(processor);
    return new ContrastiveSearchConfig(
        topK, penaltyAlpha, maxTokens, stop, more, logProbs, listener);
  }

  /** Tells with each token up to n alternatives, before and after the processors. */
  public ContrastiveSearchConfig withLogProbs(int n) {
    return new ContrastiveSearchConfig(
        topK, penaltyAlpha, maxTokens, stop, processors, OptionalInt.of(n), listener);
  }

  public ContrastiveSearchConfig withListener(Consumer<Hypothesis> soFar) {
    return new ContrastiveSearchConfig(
        topK, penaltyAlpha, maxTokens, stop, processors, logProbs, Optional.of(soFar));
  }
}
