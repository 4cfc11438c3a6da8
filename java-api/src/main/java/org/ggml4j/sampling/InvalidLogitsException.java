package org.ggml4j.sampling;

/**
 * No token can be picked: a logit is NaN or positive infinity, or every candidate has been banned.
 */
public final class InvalidLogitsException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with what was found and what to do about it. */
  public InvalidLogitsException(String message) {
    super(message);
  }

  static InvalidLogitsException notANumber(int token, float logit) {
    return new InvalidLogitsException(
        "the logit of token "
            + token
            + " is "
            + logit
            + ", a finite number or -infinity was expected; the model's computation overflowed or a"
            + " logits processor wrote it");
  }

  static InvalidLogitsException nothingLeft(int candidates) {
    return new InvalidLogitsException(
        "no token can be sampled: all "
            + candidates
            + " candidates have a logit of -infinity; relax the bans, biases or filters that were"
            + " applied");
  }
}
