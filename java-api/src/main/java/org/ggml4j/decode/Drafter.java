package org.ggml4j.decode;

import org.ggml4j.sampling.TokenHistory;

/**
 * Guesses how a text goes on, cheaply, so that the model can check several tokens in one step. A
 * wrong guess costs time and never changes the text.
 *
 * <p>A lambda is enough for one without state. One with state serves one session; what it learned
 * of a text it may keep, because {@link #begin} tells when the text is another one.
 */
@FunctionalInterface
public interface Drafter {

  /**
   * Adds to {@code draft} the tokens that may follow {@code text}, until it wants no more; none is
   * a good answer. It is asked before a step whose last token is the last of {@code text}.
   *
   * @param text all tokens up to now; since {@link #begin} it has only grown
   */
  void draft(TokenHistory text, Draft draft);

  /** A generation begins, with a text that may be another one or a shorter one than before. */
  default void begin(TokenHistory text) {}

  /** Makes a running call end soon, by an exception if need be; from any thread. */
  default void cancel() {}
}
