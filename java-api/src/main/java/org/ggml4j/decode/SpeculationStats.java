package org.ggml4j.decode;

/**
 * What speculation did for a text.
 *
 * @param drafted tokens that were guessed and checked
 * @param accepted those of them that were right: each saved a step
 * @param batches steps that checked guesses
 * @param steps all steps, those of a single token included
 */
public record SpeculationStats(long drafted, long accepted, long batches, long steps) {

  /** Share of the checked guesses that were right; 0 if there were none. */
  public double acceptance() {
    return drafted > 0 ? (double) accepted / drafted : 0;
  }

  /** Tokens that a step advanced the text by; 1 without speculation. */
  public double tokensPerStep() {
    return steps > 0 ? (double) (steps + accepted) / steps : 1;
  }
}
