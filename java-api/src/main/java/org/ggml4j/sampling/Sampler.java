package org.ggml4j.sampling;

/**
 * Picks the next token.
 *
 * <p>A lambda is enough for one without state. One with state (a random generator, a running
 * target) is used by a single sequence at a time, starts over with {@link #reset()} and must
 * implement {@link #fork()}. What it knows of the text it takes from {@link Logits#history()}, as a
 * {@link LogitsProcessor} does.
 */
@FunctionalInterface
public interface Sampler {

  /**
   * Picks a token.
   *
   * @param logits the candidates; a sampler may filter them first, and the caller may look at them
   *     afterwards for the alternatives there were
   * @return the token's id, one of the candidates
   * @throws InvalidLogitsException if a logit is NaN or no candidate has a probability
   */
  int sample(Logits logits);

  /** Forgets everything of earlier steps; a seeded sampler starts from its seed again. */
  default void reset() {}

  /**
   * An independent sampler in the same state, for another sequence: the same logits give the same
   * tokens. One without state returns itself.
   */
  default Sampler fork() {
    return this;
  }
}
