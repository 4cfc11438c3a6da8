package org.ggml4j.tokenizer;

/**
 * How text becomes tokens.
 *
 * @param addSpecial whether the begin- and end-of-text tokens that the model asks for are added
 * @param parseSpecial whether the text of a control token ({@code <|im_start|>}) becomes that
 *     token; if not, it is plain text, which is what untrusted text needs. User-defined tokens are
 *     matched either way.
 */
public record EncodeOptions(boolean addSpecial, boolean parseSpecial) {
  private static final EncodeOptions DEFAULTS = new EncodeOptions(true, false);

  /** Adds special tokens, treats their text in the input as plain text. */
  public static EncodeOptions defaults() {
    return DEFAULTS;
  }

  /** Neither adds special tokens nor parses their text. */
  public static EncodeOptions plain() {
    return new EncodeOptions(false, false);
  }

  /** This with {@link #addSpecial} replaced. */
  public EncodeOptions withAddSpecial(boolean value) {
    return new EncodeOptions(value, parseSpecial);
  }

  /** This with {@link #parseSpecial} replaced. */
  public EncodeOptions withParseSpecial(boolean value) {
    return new EncodeOptions(addSpecial, value);
  }
}
