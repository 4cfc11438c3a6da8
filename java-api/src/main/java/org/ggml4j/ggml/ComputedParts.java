package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;

/** What GGML's CPU backend computes between two of its barriers. */
final class ComputedParts {
  private ComputedParts() {}

  /**
   * The nodes of a graph that are computed, in order.
   *
   * @param fused whether an RMS norm and the product that follows it are one part, as they are
   *     unless the environment variable GGML_CPU_DISABLE_FUSION says otherwise; by the rules of
   *     {@code ggml_can_fuse} and {@code ggml_cpu_try_fuse_ops}
   */
  static List<List<Tensor>> of(Graph graph, boolean fused) {
    int n = graph.nNodes();
    List<Tensor> nodes = new ArrayList<>(n);
    Map<Long, Integer> uses = new HashMap<>();
    for (int i = 0; i < n; i++) {
      Tensor node = graph.tensor(Ggml.ggml_graph_node(graph.handle(), i));
      nodes.add(node);
      for (int s = 0; s < Ggml.GGML_MAX_SRC(); s++) {
        uses.merge(ggml_tensor.src(node.handle(), s).address(), 1, Integer::sum);
      }
    }
    List<List<Tensor>> parts = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      Tensor node = nodes.get(i);
      if (isEmpty(node)) {
        continue;
      }
      if (fused && i + 1 < n && isFused(node, nodes.get(i + 1), uses)) {
        parts.add(List.of(node, nodes.get(i + 1)));
        i++;
      } else {
        parts.add(List.of(node));
      }
    }
    return List.copyOf(parts);
  }

  private static boolean isEmpty(Tensor node) {
    int op = ggml_tensor.op(node.handle());
    return op == Ggml.GGML_OP_NONE()
        || op == Ggml.GGML_OP_VIEW()
        || op == Ggml.GGML_OP_RESHAPE()
        || op == Ggml.GGML_OP_PERMUTE()
        || op == Ggml.GGML_OP_TRANSPOSE();
  }

  private static boolean isFused(Tensor norm, Tensor product, Map<Long, Integer> uses) {
    if (ggml_tensor.op(norm.handle()) != Ggml.GGML_OP_RMS_NORM()
        || ggml_tensor.op(product.handle()) != Ggml.GGML_OP_MUL()) {
      return false;
    }
    boolean first = ggml_tensor.src(product.handle(), 0).address() == norm.handle().address();
    boolean second = ggml_tensor.src(product.handle(), 1).address() == norm.handle().address();
    if (!first && !second || !product.sameShape(norm)) {
      return false;
    }
    MemorySegment flagged = norm.handle();
    boolean isOutput = (ggml_tensor.flags(flagged) & Ggml.GGML_TENSOR_FLAG_OUTPUT()) != 0;
    boolean once = uses.getOrDefault(flagged.address(), 0) == 1;
    Tensor by = product.source(first ? 1 : 0).orElseThrow();
    return once
        && !isOutput
        && product.is(GgmlType.F32)
        && by.is(GgmlType.F32)
        && norm.source(0).orElseThrow().is(GgmlType.F32)
        && by.ne0 == norm.ne0
        && by.nb0 == Float.BYTES;
  }
}
