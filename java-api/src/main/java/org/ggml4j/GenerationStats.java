package org.ggml4j;

import java.util.Optional;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.StopReason;

/**
 * What a generation did.
 *
 * @param reason why it ended
 * @param promptTokens tokens that were evaluated before the first new one
 * @param promptSeconds how long that took
 * @param generatedTokens tokens that were picked, an end-of-generation token included
 * @param generateSeconds from the first picked token to the last
 * @param speculation what became of drafts, if the configuration asked for {@link Speculation}
 */
public record GenerationStats(
    StopReason reason,
    int promptTokens,
    double promptSeconds,
    int generatedTokens,
    double generateSeconds,
    Optional<SpeculationStats> speculation) {

  /** Speed of the prompt, 0 if there was none. */
  public double promptTokensPerSecond() {
    return promptSeconds > 0 ? promptTokens / promptSeconds : 0;
  }

  /** Speed of the steps after the first token, 0 if there was only one. */
  public double tokensPerSecond() {
    return generateSeconds > 0 ? (generatedTokens - 1) / generateSeconds : 0;
  }
}
