package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrices that were declared with more rows than there is data for. */
class PaddedMatrixTest {
  private static final int K = 64;

  @ParameterizedTest
  @CsvSource({
    "Q8_0, 20, 32",
    "Q8_0, 64, 96",
    "Q8_0, 65, 96",
    "Q8_0, 100, 160",
    "Q4_0, 64, 96",
    "Q4_0, 81, 128",
    "Q4_1, 96, 128",
    "F16, 50, 64",
    "F32, 50, 64"
  })
  void rowsWithoutDataAreZeros(GgmlType type, int rows, int declared) {
    BufferType memory =
        WeightStore.choose(Device.cpu(), WeightStore.Operation.MUL_MAT, true, type, K, declared);
    for (BufferType each : List.of(memory, Device.cpu().bufferType())) {
      float[] expected = product(each, type, rows, declared, false);
      float[] found = product(each, type, rows, declared, true);
      assertThat(found).isEqualTo(expected);
      assertThat(Arrays.copyOf(found, rows)).doesNotContain(0);
      assertThat(Arrays.copyOfRange(found, rows, declared)).containsOnly(0);
    }
  }

  /** The product with one vector, of a matrix whose zeros are given, or left out. */
  private static float[] product(
      BufferType memory, GgmlType type, int rows, int declared, boolean left) {
    Random random = new Random(7);
    try (Arena arena = Arena.ofConfined();
        Backend backend = Backend.open(Device.cpu(), 1);
        WeightStore store = new WeightStore(1);
        Graph graph = new Graph(16, false);
        Scheduler scheduler = new Scheduler(List.of(backend), 16)) {
      Weight weight = store.declare(memory, "w", type, K, declared);
      store.allocate(WeightStore.Usage.WEIGHTS);
      MemorySegment stored = arena.allocate(weight.nBytes(), 64);
      MemorySegment data = stored.asSlice(0, type.rowSize(K) * rows);
      Quantization.rows(type, floats(arena, random, (long) K * rows), data, rows, K);
      store.setPadded(weight, left ? data : stored);
      Tensor x = graph.input("x", GgmlType.F32, K);
      Tensor y = graph.expand(graph.use(weight).mulMat(x).output());
      scheduler.allocate(graph);
      x.set(floats(arena, random, K));
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
