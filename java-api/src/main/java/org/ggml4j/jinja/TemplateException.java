package org.ggml4j.jinja;

/** A template can't be parsed, or can't be rendered with the values it was given. */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int line;
  private final int column;
  private final String problem;
  private final boolean raised;

  TemplateException(int line, int column, String problem, boolean raised) {
    super(line + ":" + column + ": " + problem);
    this.line = line;
    this.column = column;
    this.problem = problem;
    this.raised = raised;
  }

  /** The line of the template, 1 for the first. */
  public int line() {
    return line;
  }

  /** The code point in that line, 1 for the first. */
  public int column() {
    return column;
  }

  /** What is wrong, without the place. */
  public String problem() {
    return problem;
  }

  /** Whether the template refused by itself, with {@code raise_exception}. */
  public boolean isRaisedByTemplate() {
    return raised;
  }
}
