package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.Test;

/** Any number of threads, one after the other, computes the same. */
class ThreadPoolsTest {
  private static final int N = 96;

  @Test
  void fewerAndMoreThreadsInTurns() {
    try (Arena arena = Arena.ofConfined();
        Backend backend = Backend.open(Device.cpu(), 1);
        Graph graph = new Graph(16, false);
        Scheduler scheduler = new Scheduler(List.of(backend), 16)) {
      Tensor x = graph.input("x", GgmlType.F32, N, N);
      Tensor y = graph.expand(x.mulMat(x).add(x).output());
      scheduler.allocate(graph);
      MemorySegment values = arena.allocate(x.nBytes(), 64);
      for (int i = 0; i < N * N; i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 7 - 3);
      }
      x.set(values);
      scheduler.compute(graph);
      float[] expected = read(y, arena);
      try (ThreadPools pools = new ThreadPools(backend.handle(), Device.cpu().registry(), 4)) {
        for (int n : new int[] {4, 1, 1, 4, 2, 4, 3, 2, 2, 1, 4}) {
          pools.use(n);
          assertThat(pools.using()).isEqualTo(n);
          x.set(values);
          scheduler.compute(graph);
          assertThat(read(y, arena)).isEqualTo(expected);
        }
      }
    }
  }

  private static float[] read(Tensor y, Arena arena) {
    MemorySegment result = arena.allocate(y.nBytes(), 64);
    y.get(result, 0, y.nBytes());
    return result.toArray(ValueLayout.JAVA_FLOAT);
  }
}
