package org.ggml4j.schema;

/** A regular expression is wrong, uses what no grammar can say, or is too large. */
public final class RegexException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String regex;
  private final int position;

  RegexException(String regex, int position, String problem) {
    super("regular expression '" + regex + "', at " + position + ": " + problem);
    this.regex = regex;
    this.position = position;
  }

  /** The whole expression. */
  public String regex() {
    return regex;
  }

  /** Index of the first character that is wrong, 0 for the first. */
  public int position() {
    return position;
  }
}
