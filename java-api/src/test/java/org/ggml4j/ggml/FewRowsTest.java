package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The products of few vectors that ggml4j adds to GGML's: a vector's result is that of GGML's own
 * kernel for one vector, bit for bit.
 */
class FewRowsTest {
  /**
   * Q6_K from plain memory: all numbers of vectors that have code of their own, and more than go at
   * once. A stack of one matrix goes to GGML's kernel, which takes one vector at a time.
   */
  @ParameterizedTest
  @CsvSource({
    "256,  1,   1, 1, 1",
    "256,  7,   2, 1, 2",
    "512,  33,  3, 1, 2",
    "768,  100, 4, 1, 1",
    "1024, 129, 5, 1, 3",
    "256,  500, 6, 1, 2",
    "2048, 64,  7, 1, 2",
    "512,  300, 8, 1, 2",
    "512,  300, 9, 1, 3",
    "256,  40, 31, 1, 2",
    "256,  40,  3, 4, 2"
  })
  void equalsTheProductOfOneVectorAtATime(int in, int out, int n, int nBatch, int nThreads) {
    int nVectors = n * nBatch;
    try (Arena arena = Arena.ofConfined();
        Backend backend = Backend.open(Device.cpu(), nThreads);
        WeightStore store = new WeightStore(1);
        Graph graph = new Graph(16, false);
        Scheduler scheduler = new Scheduler(List.of(backend), 16)) {
      GgmlType type = GgmlType.Q6_K;
      Weight matrix = store.declare(Device.cpu().bufferType(), "w", type, in, out);
      store.allocate(WeightStore.Usage.WEIGHTS);
      MemorySegment rows = arena.allocate(matrix.nBytes(), 64);
      Quantization.rows(type, floats(arena, 1, in * out), rows, out, in);
      store.set(matrix, rows);
      Tensor w = graph.use(matrix);
      Tensor x = graph.input("x", GgmlType.F32, in, n, nBatch);
      Tensor ids = graph.input("ids", GgmlType.I32, 1, nVectors);
      Tensor product = graph.expand(w.mulMat(x).output());
      Tensor expected =
          graph.expand(w.reshape(in, out, 1).mulMatId(x.reshape(in, 1, nVectors), ids).output());
      scheduler.allocate(graph);
      x.set(floats(arena, 2, in * nVectors));
      ids.set(arena.allocate(ids.nBytes(), 64));
      for (int i = 0; i < 3; i++) {
        scheduler.compute(graph);
        assertThat(values(arena, product))
            .containsExactly(values(arena, expected))
            .doesNotContain(0);
      }
    }
  }

  /**
   * From the memory that the matrix would lie in, AMX's where there is one: one to eight vectors of
   * nine, which are too many for these products.
   */
  @ParameterizedTest
  @CsvSource({
    "Q4_0, 32, 32, 1",
    "Q4_0, 576, 96, 2",
    "Q4_0, 2048, 544, 3",
    "Q8_0, 32, 32, 1",
    "Q8_0, 576, 96, 2",
    "Q8_0, 2048, 544, 3",
    "Q4_K, 256, 32, 1",
    "Q4_K, 768, 96, 2",
    "Q4_K, 2048, 544, 3",
    "Q5_K, 256, 32, 1",
    "Q5_K, 768, 96, 2",
    "Q5_K, 2048, 544, 3",
    "IQ4_XS, 256, 32, 1",
    "IQ4_XS, 768, 96, 2",
    "IQ4_XS, 2048, 544, 3"
  })
  void equalsTheProductOfMany(GgmlType type, int in, int out, int nThreads) {
    BufferType memory =
        WeightStore.choose(Device.cpu(), WeightStore.Operation.MUL_MAT, true, type, in, out);
    try (Arena arena = Arena.ofConfined();
        Backend backend = Backend.open(Device.cpu(), nThreads);
        WeightStore store = new WeightStore(1);
        Graph graph = new Graph(64, false);
        Scheduler scheduler = new Scheduler(List.of(backend), 64)) {
      Weight matrix = store.declare(memory, "w", type, in, out);
      store.allocate(WeightStore.Usage.WEIGHTS);
      MemorySegment rows = arena.allocate(type.sizeOf(in, out), 64);
      Quantization.rows(type, floats(arena, 3, in * out), rows, out, in);
      store.set(matrix, rows);
      Tensor w = graph.use(matrix);
      Tensor x = graph.input("x", GgmlType.F32, in, 9);
      Tensor many = graph.expand(w.mulMat(x).output());
      List<Tensor> few = new ArrayList<>();
      for (int n = 1; n <= 8; n++) {
        few.add(graph.expand(w.mulMat(x.view2d(in, n, x.nb(1), 0)).output()));
      }
      scheduler.allocate(graph);
      x.set(floats(arena, 4, in * 9));
      scheduler.compute(graph);
      float[] all = values(arena, many);
      assertThat(all).doesNotContain(0);
      for (Tensor product : few) {
        float[] found = values(arena, product);
        float[] expected = Arrays.copyOf(all, found.length);
        assertThat(found).containsExactly(expected, within(1e-3f));
        if (memory.isAmx()) {
          assertThat(found).containsExactly(expected);
        }
      }
    }
  }

  /** Where the fast products are, no copy with rearranged weights is made. */
  @Test
  void keepsTheMatrixInPlainMemory() {
    BufferType memory =
        WeightStore.choose(
            Device.cpu(), WeightStore.Operation.MUL_MAT, true, GgmlType.Q6_K, 2048, 512);
    assertThat(Native.library().hasFewRows() && memory.isAmx()).isFalse();
  }

  private static MemorySegment floats(Arena arena, int seed, int n) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, Calculation.numbers(seed, n));
  }

  private static float[] values(Arena arena, Tensor tensor) {
    MemorySegment to = arena.allocate(tensor.nBytes(), 64);
    tensor.get(to, 0, tensor.nBytes());
    return to.toArray(ValueLayout.JAVA_FLOAT);
  }
}
