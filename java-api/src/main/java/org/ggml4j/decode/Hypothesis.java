package org.ggml4j.decode;

import java.util.List;
import java.util.Optional;

/**
 * One of several ways in which a text may go on.
 *
 * @param tokens what was generated, an end-of-generation token included
 * @param text of the tokens, without a stop string that ended it
 * @param score the sum of the tokens' log-probabilities
 * @param normalizedScore what hypotheses are ordered by; see the search that made it
 * @param reason why it ended; empty while it has not
 */
public record Hypothesis(
    List<ScoredToken> tokens,
    String text,
    double score,
    double normalizedScore,
    Optional<StopReason> reason) {

  public Hypothesis {
    tokens = List.copyOf(tokens);
  }

  /** The ids of the tokens, such as a session can be continued with. */
  public int[] tokenIds() {
    return tokens.stream().mapToInt(ScoredToken::token).toArray();
  }
}
