package org.ggml4j.eval;

import org.ggml4j.gguf.GgmlType;

/**
 * What was spent on some operations that are shown together; all figures are of one repetition of
 * the test.
 *
 * @param operation GGML's name, such as {@code MUL_MAT}; of nodes that are computed as one {@code
 *     RMS_NORM+MUL}
 * @param type that of the stored operand, such as a weight's or the cache's; without one, the
 *     result's
 * @param name of the stored operand or, without one, of the result; as the grouping wants it, empty
 *     where it has none
 * @param count how many were computed
 * @param nanos how long they took together
 * @param bytes that they had to move at least; see {@link OperationCost}
 * @param flops floating-point operations
 */
public record ProfileRow(
    String operation, GgmlType type, String name, long count, long nanos, long bytes, long flops) {
  private static final double GIGA = 1e9;

  /** Bytes moved in a second. */
  public double bytesPerSecond() {
    return GIGA * bytes / Math.max(1, nanos);
  }

  /** Floating-point operations in a second. */
  public double flopsPerSecond() {
    return GIGA * flops / Math.max(1, nanos);
  }

  /** Whether it is a product of matrices, which a matrix product's peak is a measure for. */
  public boolean isProduct() {
    return switch (operation) {
      case "MUL_MAT", "MUL_MAT_ID", "OUT_PROD", "FLASH_ATTN_EXT" -> true;
      default -> false;
    };
  }

  /** Both together, under this one's name. */
  ProfileRow plus(ProfileRow other) {
    return new ProfileRow(
        operation,
        type,
        name,
        count + other.count,
        nanos + other.nanos,
        bytes + other.bytes,
        flops + other.flops);
  }
}
