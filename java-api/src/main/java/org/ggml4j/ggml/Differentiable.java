package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * The operations that GGML can differentiate ({@code ggml_compute_backward} in ggml.c); others
 * abort.
 */
final class Differentiable {
  private static final Set<Integer> OPERATIONS =
      Set.of(
          Ggml.GGML_OP_NONE(),
          Ggml.GGML_OP_ADD(),
          Ggml.GGML_OP_SUB(),
          Ggml.GGML_OP_MUL(),
          Ggml.GGML_OP_DIV(),
          Ggml.GGML_OP_SUM(),
          Ggml.GGML_OP_SUM_ROWS(),
          Ggml.GGML_OP_REPEAT(),
          Ggml.GGML_OP_RMS_NORM(),
          Ggml.GGML_OP_MUL_MAT(),
          Ggml.GGML_OP_SCALE(),
          Ggml.GGML_OP_CPY(),
          Ggml.GGML_OP_CONT(),
          Ggml.GGML_OP_RESHAPE(),
          Ggml.GGML_OP_VIEW(),
          Ggml.GGML_OP_PERMUTE(),
          Ggml.GGML_OP_TRANSPOSE(),
          Ggml.GGML_OP_GET_ROWS(),
          Ggml.GGML_OP_SOFT_MAX(),
          Ggml.GGML_OP_ROPE(),
          Ggml.GGML_OP_CROSS_ENTROPY_LOSS());
  private static final Set<Integer> UNARY =
      Set.of(Ggml.GGML_UNARY_OP_SILU(), Ggml.GGML_UNARY_OP_RELU(), Ggml.GGML_UNARY_OP_EXP());

  private Differentiable() {}

  static void check(MemorySegment node) {
    int op = ggml_tensor.op(node);
    boolean known = OPERATIONS.contains(op);
    if (op == Ggml.GGML_OP_SUB() || op == Ggml.GGML_OP_DIV()) {
      known = Ggml.ggml_are_same_shape(node, ggml_tensor.src(node, 1)); // else it asserts
    }
    if (op == Ggml.GGML_OP_UNARY()) {
      known = UNARY.contains(ggml_tensor.op_params(node, 0));
    } else if (op == Ggml.GGML_OP_GLU()) {
      boolean split = ggml_tensor.src(node, 1).address() != 0;
      known = split && ggml_tensor.op_params(node, 0) == Ggml.GGML_GLU_OP_SWIGLU();
    }
    if (!known) {
      throw new UnsupportedModelException(
          "GGML can't differentiate the operation "
              + Native.string(Ggml.ggml_op_desc(node))
              + " of "
              + Native.string(Ggml.ggml_get_name(node))
              + ", so this architecture can't be trained");
    }
  }
}
