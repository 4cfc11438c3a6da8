package org.ggml4j.grammar;

/** A grammar can't be used: its text is wrong, or what it describes is too large. */
public final class GrammarException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final int line;
  private final int column;

  /**
   * A complaint about a place in a grammar's text.
   *
   * @param line 1 for the first
   * @param column in code points, 1 for the first
   * @param problem what was found, what was expected, what to do
   */
  public GrammarException(int line, int column, String problem) {
    super(line + ":" + column + ": " + problem);
    this.line = line;
    this.column = column;
  }

  /** The line that the complaint is about, 1 for the first. */
  public int line() {
    return line;
  }

  /** The code point in that line, 1 for the first. */
  public int column() {
    return column;
  }
}
