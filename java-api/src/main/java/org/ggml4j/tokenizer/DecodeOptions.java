package org.ggml4j.tokenizer;

/**
 * How tokens become text.
 *
 * @param showSpecial whether control and unknown tokens are printed
 * @param removeAdded whether a begin-of-text token at the front and an end-of-text token at the end
 *     are dropped, if the model adds them
 * @param cleanSpaces whether spaces before {@code ? ! . ,} and around apostrophes are removed, for
 *     the vocabularies for which llama.cpp's {@code detokenize} does so. It loses text, so it is
 *     off by default.
 */
public record DecodeOptions(boolean showSpecial, boolean removeAdded, boolean cleanSpaces) {
  private static final DecodeOptions DEFAULTS = new DecodeOptions(false, false, false);

  /** Hides special tokens and changes nothing else. */
  public static DecodeOptions defaults() {
    return DEFAULTS;
  }

  /** This with {@link #showSpecial} replaced. */
  public DecodeOptions withShowSpecial(boolean value) {
    return new DecodeOptions(value, removeAdded, cleanSpaces);
  }

  /** This with {@link #removeAdded} replaced. */
  public DecodeOptions withRemoveAdded(boolean value) {
    return new DecodeOptions(showSpecial, value, cleanSpaces);
  }

  /** This with {@link #cleanSpaces} replaced. */
  public DecodeOptions withCleanSpaces(boolean value) {
    return new DecodeOptions(showSpecial, removeAdded, value);
  }
}
