package org.ggml4j.decode;

import java.util.Optional;
import org.ggml4j.sampling.LogProbs;

/**
 * A token of a continuation.
 *
 * @param token its id
 * @param logProbability natural logarithm of the probability that the model gave it, before any
 *     processor
 * @param logProbs the alternatives, if they were asked for
 */
public record ScoredToken(int token, double logProbability, Optional<LogProbs> logProbs) {
  /** A token without alternatives. */
  public ScoredToken(int token, double logProbability) {
    this(token, logProbability, Optional.empty());
  }
}
