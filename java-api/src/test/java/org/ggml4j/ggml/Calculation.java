package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgmlType;

/** A graph with data for its inputs, computed once: for tests of single operations. */
final class Calculation implements AutoCloseable {
  private final CloseStack owned = new CloseStack();
  private final Arena arena = Arena.ofConfined();
  private final Backend backend = owned.own(Backend.open(Device.cpu(), 1));
  private final Map<Tensor, MemorySegment> inputs = new LinkedHashMap<>();
  final Graph graph = owned.own(new Graph(64, false));
  private final Scheduler scheduler = owned.own(new Scheduler(List.of(backend), 64));

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
    MemorySegment to = arena.allocate(type.sizeOf(ne), 64);
    Quantization.rows(
        type, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), to, values.length / ne[0], ne[0]);
    inputs.put(t, to);
    return t;
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
    return run(result).toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Computes a tensor that is contiguous I32. */
  int[] ints(Tensor result) {
    return run(result).toArray(ValueLayout.JAVA_INT);
  }

  private MemorySegment run(Tensor result) {
    graph.expand(result.output());
    scheduler.allocate(graph);
    inputs.forEach(
        (tensor, data) -> {
          if (tensor.isAllocated()) {
            tensor.set(data);
          }
        });
    scheduler.compute(graph);
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
