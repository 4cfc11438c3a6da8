package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.ggml4j.bindings.ggml.ggml_abort_callback;
import org.jspecify.annotations.Nullable;

/**
 * Times the nodes of a graph that one CPU backend computes, without taking the graph apart: after
 * each part GGML asks, in the thread that computes, whether to stop, and the time is looked at
 * there. That costs a call into Java, about a tenth of a microsecond. What other threads still have
 * to do in a part then, counts to the next.
 */
final class TimingInPlace implements NodeTiming {
  private final Backend backend;
  private final NodeTimer timer;
  private final MemorySegment callback;
  private @Nullable Graph graph;
  private int generation;
  private List<List<Tensor>> parts = List.of();
  private long[] looks = {};
  private long[] nanos = {};
  private int n;
  private @Nullable Throwable failure;

  /**
   * @param arena that outlives the computations
   */
  TimingInPlace(Backend backend, NodeTimer timer, Arena arena) {
    this.backend = backend;
    this.timer = timer;
    callback = ggml_abort_callback.allocate(this::asked, arena);
  }

  boolean isOf(NodeTimer other) {
    return timer.equals(other);
  }

  /** Times from now on. */
  void open() {
    backend.askWhetherToAbort(callback);
  }

  /** Called by GGML after each part; what left it would end the JVM. */
  private boolean asked(MemorySegment data) {
    if (failure == null && n < looks.length) {
      try {
        looks[n] = timer.nanos();
      } catch (Throwable e) {
        failure = e;
      }
    }
    n++;
    return backend.isAborted();
  }

  @Override
  public void begin(Graph of) {
    if (!of.equals(graph) || generation != of.generation()) {
      graph = of;
      generation = of.generation();
      parts = ComputedParts.of(of, true);
      looks = new long[1 + of.nNodes()];
    }
    failure = null;
    n = 1;
    looks[0] = timer.nanos();
  }

  @Override
  public @Nullable Throwable end() {
    if (failure != null || graph == null) {
      return failure;
    }
    int found = n - 1;
    if (found != parts.size()) {
      parts = ComputedParts.of(graph, false);
    }
    if (found != parts.size()) {
      return new IllegalStateException(
          "GGML computed the graph in " + found + " parts, expected " + parts.size());
    }
    if (nanos.length != found) {
      nanos = new long[found];
    }
    for (int i = 0; i < found; i++) {
      nanos[i] = looks[i + 1] - looks[i];
    }
    timer.computed(parts, nanos);
    return null;
  }

  @Override
  public void close() {
    backend.useAbortFlag();
  }
}
