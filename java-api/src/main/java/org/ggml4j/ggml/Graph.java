package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_init_params;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/**
 * The computation that is being described: operations on {@link Tensor}s append nodes and return at
 * once; a {@link Scheduler} runs them later, as often as wanted, with other data in the inputs.
 *
 * <p>{@link #clear} begins a new graph in the same memory; tensors of the old one throw
 * IllegalStateException from then on. One thread at a time.
 */
public final class Graph implements CloseStack.Closing {
  private static final long CACHE_LINE = 64;

  private final int maxNodes;
  private final boolean gradients;
  private final CloseStack owned = new CloseStack();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment context;
  private final long memory;
  private final long tensorBytes;
  private final Map<Weight, Tensor> used = new HashMap<>();
  private final Map<Long, IdLimits> idLimits = new HashMap<>(); // by address of an input's data
  private MemorySegment graph;
  private int generation;
  private boolean allocated;
  private boolean closed;

  /**
   * @param maxNodes the largest number of nodes; more of them are an IllegalStateException
   * @param gradients whether {@link #expandBackward} will be called
   */
  public Graph(int maxNodes, boolean gradients) {
    Native.library();
    this.maxNodes = maxNodes;
    this.gradients = gradients;
    tensorBytes = Ggml.ggml_tensor_overhead();
    int graphs = gradients ? 2 : 1; // see OuterProducts
    memory =
        tensorBytes * (maxNodes + 8L)
            + graphs * Ggml.ggml_graph_overhead_custom(maxNodes, gradients);
    owned.push(arena::close);
    MemorySegment made;
    try (Arena call = Arena.ofConfined()) {
      MemorySegment params = call.allocate(ggml_init_params.layout());
      ggml_init_params.mem_size(params, memory);
      ggml_init_params.mem_buffer(params, MemorySegment.NULL);
      ggml_init_params.no_alloc(params, true);
      made = Ggml.ggml_init(params);
    }
    if (made.address() == 0) {
      owned.close();
      throw new GgmlException(
          GgmlException.Status.ALLOC_FAILED, memory, "no memory for a graph of " + maxNodes);
    }
    owned.push(() -> Ggml.ggml_free(made));
    context = made.reinterpret(arena, null);
    graph = newGraph();
  }

  private MemorySegment newGraph() {
    return Ggml.ggml_new_graph_custom(context, maxNodes, gradients).reinterpret(arena, null);
  }

  /** Forgets every node and starts anew. */
  public void clear() {
    checkOpen();
    generation++;
    allocated = false;
    used.clear();
    idLimits.clear();
    Ggml.ggml_reset(context);
    graph = newGraph();
  }

  MemorySegment context() {
    return context;
  }

  MemorySegment handle() {
    checkOpen();
    return graph;
  }

  int generation() {
    return generation;
  }

  /** Called before each operation: the native side would abort where this throws. */
  void checkRoom() {
    checkOpen();
    if (Ggml.ggml_used_mem(context) + 4 * tensorBytes > memory) {
      throw new IllegalStateException("the graph has more than " + maxNodes + " nodes");
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this graph was closed");
    }
  }

  /**
   * A tensor whose data is set before each computation.
   *
   * <p>It takes whole cache lines. GGML lays tensors one after the other at multiples of 32 bytes,
   * so a short input, such as the index of one row, would move all results after it into the middle
   * of cache lines, and each vector that is stored there touches two of them: the AMX products of
   * Qwen3-0.6B took 1.5 times as long.
   *
   * @param ne sizes, fastest dimension first
   */
  public Tensor input(String name, GgmlType type, long... ne) {
    long[] sizes = Shapes.checked("input " + name, type, ne);
    checkRoom();
    long bytes = type.sizeOf(sizes);
    MemorySegment handle;
    MemorySegment data;
    if (bytes % CACHE_LINE == 0 || type.blockSize() > 1) {
      handle = Ggml.ggml_new_tensor_4d(context, type.id(), sizes[0], sizes[1], sizes[2], sizes[3]);
      data = handle;
    } else {
      long padded = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
      MemorySegment lines =
          Ggml.ggml_new_tensor_4d(context, type.id(), padded / type.typeSize(), 1, 1, 1);
      Shapes.setName(lines, name + " (padded)");
      data = lines;
      long row = type.rowSize(sizes[0]);
      handle =
          Ggml.ggml_view_4d(
              context,
              lines,
              sizes[0],
              sizes[1],
              sizes[2],
              sizes[3],
              row,
              row * sizes[1],
              row * sizes[1] * sizes[2],
              0);
    }
    Ggml.ggml_set_input(data);
    IdLimits limits = new IdLimits();
    idLimits.put(data.address(), limits);
    return new Tensor(this, handle.reinterpret(ggml_tensor.sizeof(), arena, null), limits)
        .named(name);
  }

  /** What is known of the input that a tensor is, or is a view of; null if it is computed. */
  @Nullable IdLimits idLimits(Tensor tensor) {
    MemorySegment viewed = ggml_tensor.view_src(tensor.handle());
    MemorySegment data = viewed.address() == 0 ? tensor.handle() : viewed;
    return idLimits.get(data.address());
  }

  /** This graph's view of a stored weight; nothing is copied. */
  public Tensor use(Weight weight) {
    checkOpen();
    return used.computeIfAbsent(weight, w -> tensor(w.handle()));
  }

  /** Wraps a tensor that the native side made. */
  Tensor tensor(MemorySegment handle) {
    return new Tensor(this, handle.reinterpret(ggml_tensor.sizeof(), arena, null));
  }

  /**
   * Makes {@code tensor} and all that it depends on part of what will be computed, in this order.
   */
  public Tensor expand(Tensor tensor) {
    tensor.check();
    if (!equals(tensor.graph())) {
      throw new ShapeException("expand", tensor + " belongs to another graph");
    }
    Ggml.ggml_build_forward_expand(handle(), tensor.handle());
    return tensor;
  }

  /**
   * Appends the computation of the gradients of {@code loss}; forward nodes must have been
   * expanded.
   *
   * @param loss a scalar
   * @param accumulators for each parameter that is trained, where its gradient is added to: F32 of
   *     its shape
   * @param lossGradient F32 [1] that holds 1
   * @throws UnsupportedModelException if an operation of the graph has no backward pass; GGML would
   *     abort
   */
  public void expandBackward(Tensor loss, Map<Weight, Weight> accumulators, Weight lossGradient) {
    loss.check();
    Ggml.ggml_set_loss(loss.handle());
    int n = nNodes();
    Map<Long, Weight> byAddress = new HashMap<>();
    accumulators.forEach((weight, to) -> byAddress.put(weight.handle().address(), to));
    try (Arena call = Arena.ofConfined()) {
      MemorySegment list = call.allocate(ValueLayout.ADDRESS, n);
      boolean found = false;
      for (int i = 0; i < n; i++) {
        MemorySegment node = Ggml.ggml_graph_node(graph, i).reinterpret(ggml_tensor.sizeof());
        Differentiable.check(node);
        if (node.address() == loss.handle().address()) {
          list.setAtIndex(ValueLayout.ADDRESS, i, lossGradient.handle());
        } else if (byAddress.containsKey(node.address())) {
          list.setAtIndex(ValueLayout.ADDRESS, i, byAddress.get(node.address()).handle());
          found = true;
        }
      }
      if (!found) {
        throw new IllegalArgumentException("the graph uses none of the parameters");
      }
      Ggml.ggml_build_backward_expand(context, graph, list);
    }
    graph = OuterProducts.asMatrixProducts(this, newGraph());
  }

  /** Number of nodes that have been expanded. */
  public int nNodes() {
    return Ggml.ggml_graph_n_nodes(handle());
  }

  /** How many graphs were built in this memory. */
  public int builds() {
    return generation + 1;
  }

  /** Whether a scheduler has given the tensors memory, so that inputs can be set. */
  boolean isAllocated() {
    return allocated;
  }

  void allocated() {
    allocated = true;
  }

  /** Throws for a node that none of the backends computes: the scheduler would abort. */
  void checkSupported(List<Backend> backends) {
    int n = nNodes();
    for (int i = 0; i < n; i++) {
      MemorySegment node = Ggml.ggml_graph_node(graph, i);
      boolean supported = false;
      for (int b = 0; b < backends.size() && !supported; b++) {
        supported = Ggml.ggml_backend_dev_supports_op(backends.get(b).device().handle(), node);
      }
      if (!supported) {
        throw new UnsupportedModelException(
            "no device of "
                + backends.stream().map(b -> b.device().name()).toList()
                + " computes "
                + tensor(node));
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      generation++;
      owned.close();
    }
  }
}
