package org.ggml4j;

import java.util.Optional;
import org.ggml4j.decode.TokenLoop;
import org.ggml4j.sampling.LogProbs;

/**
 * A token that was generated.
 *
 * @param token its id
 * @param logProbability natural logarithm of the probability that the model gave it, before any
 *     filter
 * @param text what can be shown now: never part of a character; empty while a character or a
 *     possible stop string is incomplete
 * @param logProbs the alternatives, if {@link GenerationConfig#withLogProbs} asked for them
 */
public record Piece(int token, double logProbability, String text, Optional<LogProbs> logProbs) {
  /** What a loop has just generated. */
  static Piece of(TokenLoop loop) {
    return new Piece(loop.token(), loop.logProbability(), loop.text(), loop.logProbs());
  }
}
