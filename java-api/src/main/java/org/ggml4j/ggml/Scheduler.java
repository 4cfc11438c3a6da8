package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_backend_sched_eval_callback;
import org.jspecify.annotations.Nullable;

/**
 * Places the nodes of a graph on backends, gives them memory, and computes them.
 *
 * <p>One thread at a time. One graph is allocated at any time; its memory is valid until the next
 * {@link #allocate}.
 */
public final class Scheduler implements CloseStack.Closing {
  private final List<Backend> backends;
  private final MemorySegment handle;
  private final CloseStack owned = new CloseStack();
  private final Arena arena = Arena.ofShared();
  private @Nullable MemorySegment observing;
  private @Nullable NodeObserver observer;
  private @Nullable NodeTiming timing;
  private @Nullable TimingInPlace inPlace; // the last one, for the same timer again
  private @Nullable Graph computing;
  private @Nullable Throwable failure;
  private boolean closed;

  /**
   * @param backends in order of preference; the last one is the CPU's
   * @param maxNodes the largest number of nodes a graph will have
   */
  public Scheduler(List<Backend> backends, int maxNodes) {
    this.backends = List.copyOf(backends);
    owned.push(arena::close);
    MemorySegment list = arena.allocate(ValueLayout.ADDRESS, backends.size());
    MemorySegment types = arena.allocate(ValueLayout.ADDRESS, backends.size());
    for (int i = 0; i < backends.size(); i++) {
      list.setAtIndex(ValueLayout.ADDRESS, i, backends.get(i).handle());
      types.setAtIndex(ValueLayout.ADDRESS, i, backends.get(i).device().bufferType().handle());
    }
    MemorySegment made =
        Ggml.ggml_backend_sched_new(list, types, backends.size(), maxNodes, false, true);
    handle = made.reinterpret(arena, null);
    owned.push(() -> Ggml.ggml_backend_sched_free(made));
  }

  /**
   * Makes room for a graph of these shapes, so that smaller ones later need no new memory.
   *
   * @throws GgmlException if the memory cannot be had
   */
  public void reserve(Graph graph) {
    graph.checkSupported(backends);
    Ggml.ggml_backend_sched_reset(handle);
    if (!Ggml.ggml_backend_sched_reserve(handle, graph.handle())) {
      throw outOfMemory(graph);
    }
  }

  /**
   * Gives every node of the graph its memory, once; after {@link Graph#clear} a new one may get
   * its.
   *
   * @throws IllegalStateException if it was done before: GGML would take the memory that nodes have
   *     for somebody else's, and let others overlap it
   * @throws GgmlException if the memory cannot be had
   */
  public void allocate(Graph graph) {
    if (graph.isAllocated()) {
      throw new IllegalStateException("this graph has its memory already: clear it first");
    }
    graph.checkSupported(backends);
    Ggml.ggml_backend_sched_reset(handle);
    if (!Ggml.ggml_backend_sched_alloc_graph(handle, graph.handle())) {
      throw outOfMemory(graph);
    }
    graph.allocated();
  }

  private static GgmlException outOfMemory(Graph graph) {
    return new GgmlException(
        GgmlException.Status.ALLOC_FAILED,
        0,
        "no memory for the compute buffers of a graph of "
            + graph.nNodes()
            + " nodes: use a smaller context or a smaller batch");
  }

  /**
   * Who is told how long the nodes of each computation take from now on; empty for nobody. What one
   * CPU computes is timed as it runs; what several devices compute node by node, which takes longer
   * and replaces an observer.
   */
  public void time(Optional<NodeTimer> by) {
    time(by, backends.size() > 1 || !backends.get(0).asksWhetherToAbort());
  }

  /**
   * @param apart whether the graph is computed node by node
   */
  void time(Optional<NodeTimer> by, boolean apart) {
    if (timing != null) {
      timing.close();
      timing = null;
    }
    if (by.isPresent() && apart) {
      TimingApart made = new TimingApart(this, by.get());
      observe(Optional.of(made));
      timing = made;
    } else if (by.isPresent()) {
      TimingInPlace known = inPlace;
      TimingInPlace used =
          known != null && known.isOf(by.get())
              ? known
              : new TimingInPlace(backends.get(0), by.get(), arena);
      used.open();
      inPlace = used;
      timing = used;
    }
  }

  /** Who is told of each node from now on; empty for nobody. */
  public void observe(Optional<NodeObserver> by) {
    observer = by.orElse(null);
    MemorySegment callback = MemorySegment.NULL;
    if (by.isPresent()) {
      if (observing == null) {
        observing = ggml_backend_sched_eval_callback.allocate(this::observed, arena);
      }
      callback = observing;
    }
    Ggml.ggml_backend_sched_set_eval_callback(handle, callback, MemorySegment.NULL);
  }

  /**
   * Called by GGML: before a node whether it is wanted, and after it, where false ends the
   * computation. An exception that left it would end the JVM.
   */
  private boolean observed(MemorySegment node, boolean ask, MemorySegment data) {
    NodeObserver by = observer;
    Graph graph = computing;
    if (failure != null || by == null || graph == null) {
      return ask; // wanted, so that it is asked again, and ends
    }
    try {
      Tensor tensor = graph.tensor(node);
      if (ask) {
        return by.wants(tensor);
      }
      by.computed(tensor);
      return true;
    } catch (Throwable e) {
      failure = e;
      return ask;
    }
  }

  /**
   * Lets the next computations use only as many threads as other processes leave processors to.
   * Asked before each, it costs next to nothing. Not for sums whose order of addition must stay.
   */
  public void useFreeThreads() {
    backends.get(backends.size() - 1).useFreeThreads();
  }

  /**
   * Computes the graph that was allocated last; may be called again with other inputs.
   *
   * @throws GgmlException with {@link GgmlException.Status#ABORTED} after {@link Backend#abort}
   * @throws RuntimeException what an observer or a timer threw
   */
  public void compute(Graph graph) {
    failure = null;
    computing = graph;
    NodeTiming by = timing;
    if (by != null) {
      by.begin(graph);
    }
    int status = Ggml.ggml_backend_sched_graph_compute(handle, graph.handle());
    computing = null;
    rethrow(failure);
    if (status == Ggml.GGML_STATUS_SUCCESS()) {
      if (by != null) {
        rethrow(by.end());
      }
      return;
    }
    if (status == Ggml.GGML_STATUS_ABORTED()) {
      throw new GgmlException(GgmlException.Status.ABORTED, 0, "the computation was cancelled");
    }
    throw new GgmlException(
        status == Ggml.GGML_STATUS_ALLOC_FAILED()
            ? GgmlException.Status.ALLOC_FAILED
            : GgmlException.Status.FAILED,
        0,
        "the computation failed: " + Native.string(Ggml.ggml_status_to_string(status)));
  }

  private static void rethrow(@Nullable Throwable e) {
    if (e instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
  }

  /** Bytes of the compute buffers of all backends. */
  public long bufferBytes() {
    long bytes = 0;
    for (Backend backend : backends) {
      bytes += Ggml.ggml_backend_sched_get_buffer_size(handle, backend.handle());
    }
    return bytes;
  }

  /** In how many parts, one after the other and each on one backend, the last graph runs. */
  public int splits() {
    return Ggml.ggml_backend_sched_get_n_splits(handle);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      owned.close();
    }
  }
}
