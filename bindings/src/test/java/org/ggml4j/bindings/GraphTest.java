package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_init_params;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.junit.jupiter.api.Test;

/**
 * A product of matrices through the bindings alone: structures by value and by address, calls,
 * memory.
 */
class GraphTest {
  @Test
  void multipliesTwoMatrices() {
    NativeLibrary.load();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment params = ggml_init_params.allocate(arena);
      ggml_init_params.mem_size(
          params, 16 * Ggml.ggml_tensor_overhead() + Ggml.ggml_graph_overhead());
      ggml_init_params.mem_buffer(params, MemorySegment.NULL);
      ggml_init_params.no_alloc(params, true);
      MemorySegment context = Ggml.ggml_init(params);
      MemorySegment device = Ggml.ggml_backend_dev_by_type(Ggml.GGML_BACKEND_DEVICE_TYPE_CPU());
      MemorySegment backend = Ggml.ggml_backend_dev_init(device, MemorySegment.NULL);

      MemorySegment a = Ggml.ggml_new_tensor_2d(context, Ggml.GGML_TYPE_F32(), 3, 2); // [3, 2]
      MemorySegment b = Ggml.ggml_new_tensor_2d(context, Ggml.GGML_TYPE_F32(), 3, 1); // [3, 1]
      MemorySegment product = Ggml.ggml_mul_mat(context, a, b); // [2, 1]
      MemorySegment graph = Ggml.ggml_new_graph(context);
      Ggml.ggml_build_forward_expand(graph, product);
      MemorySegment buffer = Ggml.ggml_backend_alloc_ctx_tensors(context, backend);

      set(arena, a, 1, 2, 3, 4, 5, 6);
      set(arena, b, 1, 10, 100);
      int status = Ggml.ggml_backend_graph_compute(backend, graph);
      MemorySegment result = arena.allocate(ValueLayout.JAVA_FLOAT, 2);
      Ggml.ggml_backend_tensor_get(product, result, 0, result.byteSize());

      assertThat(status).isEqualTo(Ggml.GGML_STATUS_SUCCESS());
      assertThat(result.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(321f, 654f);
      MemorySegment node = product.reinterpret(ggml_tensor.sizeof());
      assertThat(ggml_tensor.ne(node, 0)).isEqualTo(2);
      assertThat(ggml_tensor.op(node)).isEqualTo(Ggml.GGML_OP_MUL_MAT());

      Ggml.ggml_backend_buffer_free(buffer);
      Ggml.ggml_backend_free(backend);
      Ggml.ggml_free(context);
    }
  }

  private static void set(Arena arena, MemorySegment tensor, float... values) {
    MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    Ggml.ggml_backend_tensor_set(tensor, data, 0, data.byteSize());
  }
}
