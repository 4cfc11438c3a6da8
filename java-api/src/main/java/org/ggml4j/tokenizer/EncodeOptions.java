package org.ggml4j.tokenizer;

/**
 * How text becomes tokens.
 *
 * @param addSpecial whether the begin- and end-of-text tokens that the model asks for are added
 * @param parseSpecial whether the text of a control token ({@code <|im_start|>}) becomes that
 *     token; if not, it is plain text, which is what untrusted text needs. User-defined tokens are
 *     matched either way.
 * @param threads how many threads may encode a text of 128 KiB or more, with the same result; the
 *     caller's, and others of the common pool. 1 unless asked for.
 */
public record EncodeOptions(boolean addSpecial, boolean parseSpecial, int threads) {
  private static final EncodeOptions DEFAULTS = new EncodeOptions(true, false, 1);

  /**
   * @throws IllegalArgumentException if there are less than one threads
   */
  public EncodeOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1: " + threads);
    }
  }

  /** Adds special tokens, treats their text in the input as plain text. */
  public static EncodeOptions defaults() {
    return DEFAULTS;
  }

  /** Neither adds special tokens nor parses their text. */
  public static EncodeOptions plain() {
    return new EncodeOptions(false, false, 1);
  }

  /** This with {@link #addSpecial} replaced. */
  public EncodeOptions withAddSpecial(boolean value) {
    return new EncodeOptions(value, parseSpecial, threads);
  }

  /** This with {@link #parseSpecial} replaced. */
  public EncodeOptions withParseSpecial(boolean value) {
    return new EncodeOptions(addSpecial, value, threads);
  }

  /** This with {@link #threads} replaced. */
  public EncodeOptions withThreads(int value) {
    return new EncodeOptions(addSpecial, parseSpecial, value);
  }
}
