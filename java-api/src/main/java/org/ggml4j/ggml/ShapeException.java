package org.ggml4j.ggml;

/**
 * Operands whose shapes, types or strides do not fit the operation; thrown while a graph is being
 * built.
 */
public final class ShapeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String operation;

  /**
   * @param operation GGML's name of the operation, in camelCase
   * @param problem the operands as found and what the operation wants
   */
  public ShapeException(String operation, String problem) {
    super(operation + ": " + problem);
    this.operation = operation;
  }

  public String operation() {
    return operation;
  }
}
