package org.ggml4j.eval;

import java.util.List;
import org.ggml4j.ggml.Tensor;

/**
 * What an operation has to do, whatever computes it: the least that has to be moved, and the
 * arithmetic.
 *
 * <p>Bytes are those of the operands and of the result, each element once, however often a kernel
 * reads it; of a table only the rows that are read or written, and of experts the most that the
 * tokens can choose. Floating-point operations are counted as usual: a product of matrices takes
 * two for each pair of numbers, a root, an exponential or a division is one. Attention counts as if
 * nothing were masked. Sorting and copying take none, nor do the recurrences of state space models,
 * which are not counted.
 *
 * @param bytes read and written
 * @param flops floating-point operations
 */
public record OperationCost(long bytes, long flops) {
  private static final int MOST_OPERANDS = 16;

  /** Of what moves and computes nothing. */
  public static final OperationCost NONE = new OperationCost(0, 0);

  /** Checks the numbers. */
  public OperationCost {
    if (bytes < 0 || flops < 0) {
      throw new IllegalArgumentException("expected 0 or more, found " + bytes + ", " + flops);
    }
  }

  /** Of a node alone; a view costs nothing. */
  public static OperationCost of(Tensor node) {
    return of(List.of(node));
  }

  /**
   * Of nodes that are computed as one, in order: what one makes for the next is not moved.
   *
   * @param nodes at least one
   */
  public static OperationCost of(List<Tensor> nodes) {
    long bytes = 0;
    long flops = 0;
    for (int i = 0; i < nodes.size(); i++) {
      Tensor node = nodes.get(i);
      String operation = node.operation();
      if (isView(operation)) {
        continue;
      }
      flops += flops(operation, node);
      bytes += i == nodes.size() - 1 ? written(operation, node) : 0;
      List<Tensor> before = nodes.subList(0, i);
      for (int s = 0; s < MOST_OPERANDS; s++) {
        int number = s;
        bytes +=
            node.source(s)
                .filter(source -> before.stream().noneMatch(source::isSame))
                .map(source -> read(operation, node, number, source))
                .orElse(0L);
      }
    }
    return new OperationCost(bytes, flops);
  }

  private static boolean isView(String operation) {
    return switch (operation) {
      case "NONE", "VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE" -> true;
      default -> false;
    };
  }

  /** The cost of both. */
  public OperationCost plus(OperationCost other) {
    return new OperationCost(bytes + other.bytes, flops + other.flops);
  }

  /** Bytes of the elements, without gaps between rows. */
  private static long bytes(Tensor t) {
    return t.type().rowSize(t.ne(0)) * t.ne(1) * t.ne(2) * t.ne(3);
  }

  private static long written(String operation, Tensor node) {
    if (operation.equals("SET_ROWS")) { // the result is the whole table
      Tensor rows = node.source(0).orElseThrow();
      return node.type().rowSize(rows.ne(0)) * rows.ne(1) * rows.ne(2) * rows.ne(3);
    }
    return bytes(node);
  }

  private static long read(String operation, Tensor node, int number, Tensor source) {
    return switch (operation) {
      case "GET_ROWS" ->
          number == 0
              ? source.type().rowSize(source.ne(0)) * node.ne(1) * node.ne(2) * node.ne(3)
              : bytes(source);
      case "SET_ROWS" -> number == 2 ? 0 : bytes(source);
      case "CPY" -> number == 1 ? 0 : bytes(source); // only written
      case "MUL_MAT_ID" -> number == 0 ? experts(node, source) : bytes(source);
      default -> bytes(source);
    };
  }

  private static long experts(Tensor node, Tensor stack) {
    Tensor ids = node.source(2).orElseThrow();
    long chosen = Math.min(stack.ne(2), ids.ne(0) * ids.ne(1));
    return stack.type().rowSize(stack.ne(0)) * stack.ne(1) * chosen;
  }

  private static long flops(String operation, Tensor node) {
    long n = node.nElements();
    return switch (operation) {
      case "MUL_MAT", "MUL_MAT_ID" -> 2 * node.source(0).orElseThrow().ne(0) * n;
      case "OUT_PROD" -> 2 * node.source(0).orElseThrow().ne(1) * n;
      case "FLASH_ATTN_EXT" -> attention(node);
      case "SSM_CONV" -> 2 * node.source(1).orElseThrow().ne(0) * n;
      case "ADD", "ADD1", "ADD_ID", "SUB", "MUL", "DIV", "SQR", "SQRT", "LOG", "SIN", "COS" -> n;
      case "SCALE", "CLAMP", "LEAKY_RELU", "UNARY", "CUMSUM" -> n;
      case "SUM", "SUM_ROWS", "MEAN" -> node.source(0).orElseThrow().nElements();
      // The square, its sum, the product.
      case "RMS_NORM", "L2_NORM" -> 3 * n;
      // The sum, the difference, its square, the sum of these, the product.
      case "NORM", "GROUP_NORM" -> 5 * n;
      // Two products and a sum for each number that is turned.
      case "ROPE" -> 3 * n / node.ne(0) * Math.min(node.ne(0), node.parameter(1));
      // Scale, maximum, difference, exponential, sum, product; and a mask is added.
      case "SOFT_MAX" -> (node.source(1).isPresent() ? 7 : 6) * n;
      // The function of one half, which takes about four, and the product with the other.
      case "GLU" -> 5 * n;
      default -> 0;
    };
  }

  /** The products of queries [d, nTokens, nHead, …] with keys, and of their weights with values. */
  private static long attention(Tensor node) {
    Tensor q = node.source(0).orElseThrow();
    Tensor k = node.source(1).orElseThrow();
    Tensor v = node.source(2).orElseThrow();
    return 2 * q.ne(1) * q.ne(2) * q.ne(3) * k.ne(1) * (q.ne(0) + v.ne(0));
  }
}
