package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of several matrices at once with weights that lie where their kernels want them. */
class BatchedProductTest {
  private static final int K = 64;
  private static final int N = 64;

  /** One matrix for each head, as in latent attention, and one matrix for all of them. */
  @ParameterizedTest
  @CsvSource({"1, 1, 4", "1, 5, 4", "1, 40, 3", "4, 1, 4", "4, 5, 4", "4, 40, 8"})
  void equalsTheOneFromPlainMemory(int nWeights, int nColumns, int nBatch) {
    float[] expected = product(false, nWeights, nColumns, nBatch);
    float[] found = product(true, nWeights, nColumns, nBatch);
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], offset(1e-4f));
    }
  }

  private static float[] product(boolean extras, int nWeights, int nColumns, int nBatch) {
    Random random = new Random(7);
    GgmlType type = GgmlType.Q8_0;
    BufferType memory =
        WeightStore.choose(
            Device.cpu(), WeightStore.Operation.MUL_MAT, extras, type, K, N, nWeights);
    try (Arena arena = Arena.ofConfined();
        Backend backend = Backend.open(Device.cpu(), 2);
        WeightStore store = new WeightStore(1);
        Graph graph = new Graph(16, false);
        Scheduler scheduler = new Scheduler(List.of(backend), 16)) {
      Weight weight = store.declare(memory, "w", type, K, N, nWeights);
      store.allocate(WeightStore.Usage.WEIGHTS);
      MemorySegment stored = arena.allocate(weight.nBytes(), 64);
      Quantization.rows(type, floats(arena, random, weight.nElements()), stored, N * nWeights, K);
      store.set(weight, stored);
      Tensor x = graph.input("x", GgmlType.F32, K, nColumns, nBatch);
      Tensor y = graph.expand(graph.use(weight).mulMat(x).shaped(N, nColumns, nBatch).output());
      scheduler.allocate(graph);
      x.set(floats(arena, random, x.nElements()));
      scheduler.compute(graph);
      MemorySegment result = arena.allocate(y.nBytes(), 64);
      y.get(result, 0, y.nBytes());
      return result.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static MemorySegment floats(Arena arena, Random random, long n) {
    MemorySegment floats = arena.allocate(4 * n, 64);
    for (long i = 0; i < n; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
    }
    return floats;
  }
}
