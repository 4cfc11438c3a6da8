package org.ggml4j.eval;

import java.lang.foreign.Arena;
import java.util.List;
import org.ggml4j.ggml.Backend;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Scheduler;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;

/** Measures the processor's limits by products of GGML: the fastest of some runs counts. */
final class LimitProbe implements AutoCloseable {
  private static final int WIDTH = 4096;

  // Not 2048: results whose rows are a multiple of 4096 bytes apart share sets of the cache, which
  // halves the speed of AMX products.
  private static final int ROWS = 2080;
  private static final int COLUMNS = 512;
  private static final int MOST_RUNS = 20;
  private static final int FEWEST_RUNS = 3;
  private static final long ENOUGH_NANOS = 400_000_000;

  private final long sweepBytes;
  private final SpeedOptions.Clock clock;
  private final Backend backend;
  private final CloseStack owned = new CloseStack();

  /**
   * @param sweepBytes how much memory is read, far more than caches hold
   */
  LimitProbe(int threads, long sweepBytes, SpeedOptions.Clock clock) {
    this.sweepBytes = sweepBytes;
    this.clock = clock;
    backend = owned.own(Backend.open(Device.cpu(), threads));
  }

  /** By a product of a matrix and a vector, which reads each number of the matrix once. */
  double readBytesPerSecond() {
    long rows = Math.max(1, sweepBytes / (4L * WIDTH));
    long nanos = fastest(GgmlType.F32, Device.cpu().bufferType(), rows, 1);
    return MachineLimits.perSecond(4.0 * WIDTH * rows, nanos);
  }

  /** With a matrix of this type where a model's weight would lie. */
  double productFlopsPerSecond(GgmlType type) {
    BufferType memory =
        WeightStore.choose(Device.cpu(), WeightStore.Operation.MUL_MAT, true, type, WIDTH, ROWS);
    long nanos = fastest(type, memory, ROWS, COLUMNS);
    return MachineLimits.perSecond(2.0 * WIDTH * ROWS * COLUMNS, nanos);
  }

  /** Of a product of [WIDTH, rows] and [WIDTH, columns]: how long it takes. */
  private long fastest(GgmlType type, BufferType memory, long rows, int columns) {
    CloseStack mine = new CloseStack();
    try (Arena arena = Arena.ofConfined()) {
      WeightStore store = mine.own(new WeightStore(1));
      Weight matrix = store.declare(memory, "matrix", type, WIDTH, rows);
      store.allocate(WeightStore.Usage.WEIGHTS);
      if (memory.equals(Device.cpu().bufferType())) {
        store.clear(matrix);
      } else { // which only rearranges whole weights
        store.set(matrix, arena.allocate(matrix.nBytes(), 64));
      }
      Graph graph = mine.own(new Graph(8, false));
      Scheduler scheduler = mine.own(new Scheduler(List.of(backend), 8));
      Tensor x = graph.input("x", GgmlType.F32, WIDTH, columns);
      graph.expand(graph.use(matrix).mulMat(x).output());
      scheduler.allocate(graph);
      x.set(arena.allocate(x.nBytes(), 64));
      return fastest(scheduler, graph);
    } finally {
      mine.close();
    }
  }

  private long fastest(Scheduler scheduler, Graph graph) {
    long began = clock.nanos();
    long fastest = Long.MAX_VALUE;
    for (int i = 0; i < FEWEST_RUNS || i < MOST_RUNS && clock.nanos() - began < ENOUGH_NANOS; i++) {
      long begin = clock.nanos();
      scheduler.compute(graph);
      fastest = Math.min(fastest, clock.nanos() - begin);
    }
    return fastest;
  }

  @Override
  public void close() {
    owned.close();
  }
}
