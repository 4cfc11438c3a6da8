package org.ggml4j.ggml;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Times the parts of a graph by computing each on its own, on whatever devices: GGML's evaluation
 * callback. Starting each of them, and waiting for it, is in its time.
 */
final class TimingApart implements NodeTiming, NodeObserver {
  private final Scheduler scheduler;
  private final NodeTimer timer;
  private @Nullable Graph graph;
  private int generation;
  private List<List<Tensor>> parts = List.of();
  private Set<Long> ends = Set.of();
  private long[] nanos = {};
  private int n;
  private long start;
  private boolean running;

  TimingApart(Scheduler scheduler, NodeTimer timer) {
    this.scheduler = scheduler;
    this.timer = timer;
  }

  @Override
  public void begin(Graph of) {
    if (!of.equals(graph) || generation != of.generation()) {
      graph = of;
      generation = of.generation();
      parts = ComputedParts.of(of, true);
      ends =
          parts.stream()
              .map(part -> part.get(part.size() - 1).handle().address())
              .collect(Collectors.toSet());
      nanos = new long[parts.size()];
    }
    n = 0;
    running = false;
  }

  @Override
  public boolean wants(Tensor node) {
    if (!running) {
      running = true;
      start = timer.nanos();
    }
    return ends.contains(node.handle().address());
  }

  @Override
  public void computed(Tensor node) {
    nanos[n++] = timer.nanos() - start;
    running = false;
  }

  @Override
  public @Nullable Throwable end() {
    if (n != nanos.length) {
      return new IllegalStateException(
          "GGML computed the graph in " + n + " parts, expected " + nanos.length);
    }
    timer.computed(parts, nanos);
    return null;
  }

  @Override
  public void close() {
    scheduler.observe(Optional.empty());
  }
}
