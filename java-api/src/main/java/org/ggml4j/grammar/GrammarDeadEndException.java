package org.ggml4j.grammar;

/** A generation can't follow its grammar any further: no token of the vocabulary fits. */
public final class GrammarDeadEndException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final int position;

  /**
   * Creates the exception.
   *
   * @param position how many tokens had been generated
   * @param message what was found and what to do about it
   */
  public GrammarDeadEndException(int position, String message) {
    super(message);
    this.position = position;
  }

  /** How many tokens had been generated. */
  public int position() {
    return position;
  }
}
