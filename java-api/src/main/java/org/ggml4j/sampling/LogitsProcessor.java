package org.ggml4j.sampling;

/**
 * Edits or filters one step's logits before a token is picked: a temperature, a ban, a grammar.
 *
 * <p>A lambda is enough for one without state. One with state is used by a single sequence at a
 * time, starts over with {@link #reset()} and must implement {@link #fork()}, so that two branches
 * of a generation do not share it.
 *
 * <p>State that depends on the text is taken from {@link Logits#history()}, not from counting
 * calls: between two calls the history may have grown by several tokens, or shrunk and gone on
 * differently, when guessed tokens were rejected or a session was rewound.
 */
@FunctionalInterface
public interface LogitsProcessor {

  /** Edits {@code logits}, which belong to the caller and are only valid during the call. */
  void process(Logits logits);

  /** Forgets everything of earlier steps; the next one is the first of a new text. */
  default void reset() {}

  /**
   * An independent processor in the same state, for another sequence; one without state returns
   * itself. What is done to either afterwards does not show in the other.
   */
  default LogitsProcessor fork() {
    return this;
  }

  /** This processor, then {@code next}. */
  default LogitsProcessor then(LogitsProcessor next) {
    return new Chain.Processors(this, next);
  }

  /** A sampler that runs this processor and lets {@code sampler} pick from what is left. */
  default Sampler thenPick(Sampler sampler) {
    return new Chain(this, sampler);
  }
}
