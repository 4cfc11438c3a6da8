package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;

/**
 * Makes a backward pass faster: GGML writes its matrix products as outer products, whose kernel
 * adds row after row, while its kernel for products works on tiles and is several times as fast.
 * {@code outProd(a, b)} of a [n, p] and b [m, p] is {@code mulMat(a^T, b^T)}, at the price of
 * copying the operands transposed.
 */
final class OuterProducts {
  private OuterProducts() {}

  /**
   * Turns the outer products of a graph into matrix products.
   *
   * @param to an empty graph
   * @return {@code to}, with all nodes in their order, the copies among them
   */
  static MemorySegment asMatrixProducts(Graph graph, MemorySegment to) {
    MemorySegment from = graph.handle();
    int n = Ggml.ggml_graph_n_nodes(from);
    for (int i = 0; i < n; i++) {
      MemorySegment node = Ggml.ggml_graph_node(from, i).reinterpret(ggml_tensor.sizeof());
      if (ggml_tensor.op(node) == Ggml.GGML_OP_OUT_PROD()) {
        graph.checkRoom();
        MemorySegment a = transposed(graph.context(), ggml_tensor.src(node, 0));
        MemorySegment b = transposed(graph.context(), ggml_tensor.src(node, 1));
        ggml_tensor.op(node, Ggml.GGML_OP_MUL_MAT());
        ggml_tensor.src(node, 0, a);
        ggml_tensor.src(node, 1, b);
      }
      Ggml.ggml_build_forward_expand(to, node);
    }
    return to;
  }

  /**
   * The transpose in contiguous memory; of something that is a transpose itself, what it was
   * before.
   */
  private static MemorySegment transposed(MemorySegment context, MemorySegment pointer) {
    MemorySegment tensor = pointer.reinterpret(ggml_tensor.sizeof());
    if (ggml_tensor.op(tensor) == Ggml.GGML_OP_TRANSPOSE()) {
      MemorySegment before = ggml_tensor.src(tensor, 0);
      if (Ggml.ggml_is_contiguous(before)) {
        return before;
      }
    }
    return Ggml.ggml_cont(context, Ggml.ggml_transpose(context, tensor));
  }
}
