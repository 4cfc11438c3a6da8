package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgmlType;

/** A graph with data for its inputs and weights: for tests of single operations. */
final class Calculation implements AutoCloseable {
  private final CloseStack owned = new CloseStack();
  private final Arena arena = Arena.ofConfined();
  private final Backend backend;
  private final Map<Tensor, MemorySegment> inputs = new LinkedHashMap<>();
  final Graph graph = owned.own(new Graph(64, false));
  private final Scheduler scheduler;

  Calculation() {
    this(1);
  }

  Calculation(int nThreads) {
    backend = owned.own(Backend.open(Device.cpu(), nThreads));
    scheduler = owned.own(new Scheduler(List.of(backend), 64));
  }

  /** Numbers between -1 and 1 that follow from {@code seed}. */
  static float[] numbers(int seed, int n) {
    float[] values = new float[n];
    long state = seed * 0x9E3779B97F4A7C15L + 1;
    for (int i = 0; i < n; i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      values[i] = (state >> 40) * 0x1p-23f;
    }
    return values;
  }

  /** An input; the number of sizes follows from the call. */
  Tensor floats(float[] values, long... ne) {
    Tensor t = graph.input("x" + inputs.size(), GgmlType.F32, ne);
    inputs.put(t, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
    return t;
  }

  /** An input in another type, made of F32 values. */
  Tensor converted(GgmlType type, float[] values, long... ne) {
    Tensor t = graph.input("x" + inputs.size(), type, ne);
    inputs.put(t, data(type, values, ne));
    return t;
  }

  /** A stored weight, made of F32 values, of which there may be less than rows. */
  Tensor weight(BufferType memory, GgmlType type, float[] values, long... ne) {
    WeightStore store = owned.own(new WeightStore(1));
    Weight weight = store.declare(memory, "w", type, ne);
    store.allocate(WeightStore.Usage.WEIGHTS);
    store.setPadded(weight, data(type, values, ne[0], values.length / ne[0]));
    return graph.use(weight);
  }

  private MemorySegment data(GgmlType type, float[] values, long... ne) {
    MemorySegment to = arena.allocate(type.sizeOf(ne), 64);
    Quantization.rows(
        type, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), to, values.length / ne[0], ne[0]);
    return to;
  }

  Tensor ints(int[] values, long... ne) {
    Tensor t = graph.input("i" + inputs.size(), GgmlType.I32, ne);
    inputs.put(t, arena.allocateFrom(ValueLayout.JAVA_INT, values));
    return t;
  }

  Tensor longs(long[] values, long... ne) {
    Tensor t = graph.input("l" + inputs.size(), GgmlType.I64, ne);
    inputs.put(t, arena.allocateFrom(ValueLayout.JAVA_LONG, values));
    return t;
  }

  /** Computes a tensor that is contiguous F32. */
  float[] floats(Tensor result) {
    return together(result)[0];
  }

  /** Computes tensors that are contiguous F32, by one graph. */
  float[][] together(Tensor... results) {
    place(results);
    return again(results);
  }

  /** Computes once more what was computed together. */
  float[][] again(Tensor... results) {
    scheduler.compute(graph);
    float[][] all = new float[results.length][];
    for (int i = 0; i < all.length; i++) {
      all[i] = read(results[i]).toArray(ValueLayout.JAVA_FLOAT);
    }
    return all;
  }

  /** Computes a tensor that is contiguous I32. */
  int[] ints(Tensor result) {
    place(result);
    scheduler.compute(graph);
    return read(result).toArray(ValueLayout.JAVA_INT);
  }

  private void place(Tensor... results) {
    for (Tensor result : results) {
      graph.expand(result.output());
    }
    scheduler.allocate(graph);
    inputs.forEach(
        (tensor, data) -> {
          if (tensor.isAllocated()) {
            tensor.set(data);
          }
        });
  }

  private MemorySegment read(Tensor result) {
    MemorySegment to = arena.allocate(result.nBytes(), 64);
    result.get(to, 0, to.byteSize());
    return to;
  }

  @Override
  public void close() {
    owned.close();
    arena.close();
  }
}
