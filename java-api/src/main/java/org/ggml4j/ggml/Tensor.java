package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;
import org.jspecify.annotations.Nullable;

/**
 * A node of a {@link Graph}: the description of a result, not the result itself.
 *
 * <p>The methods append a node and return at once. They are named after GGML's functions and check
 * their operands first: what GGML would answer with an abort is a {@link ShapeException} here. A
 * tensor lives as long as its graph's present content; after {@link Graph#clear} it throws
 * IllegalStateException.
 *
 * <p>The operations are grouped by subject in the interfaces that this class implements.
 *
 * <p>Sizes {@code ne} are in elements and strides {@code nb} in bytes, fastest dimension first.
 */
public final class Tensor
    implements ElementOps, RowOps, MatrixOps, AttentionOps, ShapeOps, StateOps, TrainingOps {
  static final Set<GgmlType> FLOATS = Set.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16);

  /** Types that {@code setRows} and {@code cpy} can write from F32. */
  static final Set<GgmlType> WRITABLE =
      Set.of(
          GgmlType.F32,
          GgmlType.F16,
          GgmlType.BF16,
          GgmlType.Q4_0,
          GgmlType.Q4_1,
          GgmlType.Q5_0,
          GgmlType.Q5_1,
          GgmlType.Q8_0,
          GgmlType.IQ4_NL);

  private final Graph graph;
  private final MemorySegment handle;
  private final int generation;
  private final @Nullable IdLimits idLimits; // of an input
  final GgmlType type;
  final long ne0;
  final long ne1;
  final long ne2;
  final long ne3;
  final long nb0;
  final long nb1;
  final long nb2;
  final long nb3;

  Tensor(Graph graph, MemorySegment handle) {
    this(graph, handle, null);
  }

  Tensor(Graph graph, MemorySegment handle, @Nullable IdLimits idLimits) {
    this.graph = graph;
    this.idLimits = idLimits;
    this.handle = handle;
    generation = graph.generation();
    type = GgmlType.byId(ggml_tensor.type(handle)).orElseThrow();
    ne0 = ggml_tensor.ne(handle, 0);
    ne1 = ggml_tensor.ne(handle, 1);
    ne2 = ggml_tensor.ne(handle, 2);
    ne3 = ggml_tensor.ne(handle, 3);
    nb0 = ggml_tensor.nb(handle, 0);
    nb1 = ggml_tensor.nb(handle, 1);
    nb2 = ggml_tensor.nb(handle, 2);
    nb3 = ggml_tensor.nb(handle, 3);
  }

  // ---- what it is

  MemorySegment handle() {
    return handle;
  }

  public Graph graph() {
    return graph;
  }

  public GgmlType type() {
    return type;
  }

  /** Size in dimension {@code i}, 0 to 3. */
  public long ne(int i) {
    return switch (i) {
      case 0 -> ne0;
      case 1 -> ne1;
      case 2 -> ne2;
      case 3 -> ne3;
      default -> throw new IndexOutOfBoundsException("dimension " + i + " of 4");
    };
  }

  /** Stride of dimension {@code i} in bytes. */
  public long nb(int i) {
    return switch (i) {
      case 0 -> nb0;
      case 1 -> nb1;
      case 2 -> nb2;
      case 3 -> nb3;
      default -> throw new IndexOutOfBoundsException("dimension " + i + " of 4");
    };
  }

  public long nElements() {
    return ne0 * ne1 * ne2 * ne3;
  }

  /** Bytes from the first to the last element. */
  public long nBytes() {
    return Ggml.ggml_nbytes(handle);
  }

  public String name() {
    return Native.string(handle.asSlice(ggml_tensor.name$offset(), Ggml.GGML_MAX_NAME()));
  }

  /** Sets the name that dumps show. */
  public Tensor named(String name) {
    check();
    Shapes.setName(handle, name);
    return this;
  }

  /** Sets the name as llama.cpp forms it for layer {@code il}, such as {@code Qcur-3}. */
  public Tensor named(String name, int il) {
    return named(name + "-" + il);
  }

  /** Asserts the sizes at this point of the graph: an executable comment. */
  public Tensor shaped(long... ne) {
    long[] expected = {1, 1, 1, 1};
    System.arraycopy(ne, 0, expected, 0, ne.length);
    if (ne0 != expected[0] || ne1 != expected[1] || ne2 != expected[2] || ne3 != expected[3]) {
      throw new ShapeException(
          "shaped", "expected " + Arrays.toString(expected) + ", found " + this);
    }
    return this;
  }

  boolean isContiguous() {
    return nb0 == type.typeSize()
        && (nb1 == type.rowSize(ne0) || ne1 == 1 && ne2 == 1 && ne3 == 1)
        && (nb2 == nb1 * ne1 || ne2 == 1 && ne3 == 1)
        && (nb3 == nb2 * ne2 || ne3 == 1);
  }

  boolean hasContiguousRows() {
    return nb0 == type.typeSize();
  }

  /** Whether rows may have gaps between them, but nothing else has; ggml_is_contiguous_1. */
  boolean isContiguousFromRows() {
    long step = nb1 * ne1;
    boolean second = ne2 == 1 || ne1 == 1 || nb2 == step;
    boolean third = ne3 == 1 || ne1 == 1 && ne2 == 1 || nb3 == nb2 * ne2;
    return hasContiguousRows() && second && third;
  }

  /** Whether it lies in memory from which products of two dimensions can be computed only. */
  boolean isForOneMatrix() {
    MemorySegment buffer = ggml_tensor.buffer(handle);
    return buffer.address() != 0
        && new BufferType(Ggml.ggml_backend_buffer_get_type(buffer)).isForOneMatrix();
  }

  boolean isFloat() {
    return FLOATS.contains(type);
  }

  /** What a matrix product reads as its first operand. */
  boolean isMatrix() {
    return isFloat() || type.isQuantized();
  }

  boolean is(GgmlType t) {
    return type == t;
  }

  MemorySegment context() {
    return graph.context();
  }

  @Override
  public Tensor self() {
    return this;
  }

  /** Throws if the graph has moved on. */
  void check() {
    if (generation != graph.generation()) {
      throw new IllegalStateException("this tensor belongs to a graph that was cleared or closed");
    }
  }

  void require(boolean condition, String operation, String problem) {
    if (!condition) {
      throw new ShapeException(operation, problem + ": " + this);
    }
  }

  void require(boolean condition, String operation, String problem, Tensor other) {
    if (!condition) {
      throw new ShapeException(operation, problem + ": " + this + " and " + other);
    }
  }

  void begin() {
    check();
    graph.checkRoom();
  }

  void begin(String operation, Tensor... others) {
    begin();
    for (Tensor other : others) {
      other.check();
      if (other.graph != graph) {
        throw new ShapeException(operation, "the operands belong to two graphs");
      }
    }
  }

  /**
   * Lets the elements of this tensor be only 0 to {@code limit - 1} if they come from an input:
   * they are then checked when they are set. What is computed can't be checked.
   */
  void requireIdsBelow(long limit, String operation) {
    IdLimits limits = graph.idLimits(this);
    if (limits != null) {
      require(isContiguous(), operation, "ids with gaps");
      limits.add(ggml_tensor.view_offs(handle), this, limit, operation);
    }
  }

  Tensor made(MemorySegment node) {
    return graph.tensor(node);
  }

  boolean sameShape(Tensor b) {
    return ne0 == b.ne0 && ne1 == b.ne1 && ne2 == b.ne2 && ne3 == b.ne3;
  }

  /** Whether this tensor fits into {@code b} a whole number of times in each dimension. */
  boolean repeatsInto(Tensor b) {
    return b.ne0 % ne0 == 0 && b.ne1 % ne1 == 0 && b.ne2 % ne2 == 0 && b.ne3 % ne3 == 0;
  }

  // ---- data

  /** Whether this tensor is part of a graph that has memory, so that its data can be set. */
  public boolean isAllocated() {
    check();
    return graph.isAllocated()
        && handle.get(ValueLayout.JAVA_LONG, ggml_tensor.buffer$offset()) != 0;
  }

  /** Keeps this tensor's memory until the next computation, so that it can be read. */
  public Tensor output() {
    check();
    Ggml.ggml_set_output(handle);
    return this;
  }

  /** The operation that makes it, by GGML's name, such as {@code MUL_MAT}; {@code NONE} of data. */
  public String operation() {
    check();
    return Native.string(Ggml.ggml_op_name(ggml_tensor.op(handle)));
  }

  /** What the operation takes as its operand {@code i}, from 0; empty where it has none. */
  public Optional<Tensor> source(int i) {
    check();
    if (i < 0 || i >= Ggml.GGML_MAX_SRC()) {
      return Optional.empty();
    }
    MemorySegment source = ggml_tensor.src(handle, i);
    return source.address() == 0 ? Optional.empty() : Optional.of(graph.tensor(source));
  }

  /** Whether this is the same node or data of the same graph. */
  public boolean isSame(Tensor other) {
    return handle.address() == other.handle.address() && graph.equals(other.graph);
  }

  /** Whether its data is set before a computation, as {@link Graph#input} makes it. */
  public boolean isInput() {
    check();
    return (ggml_tensor.flags(handle) & Ggml.GGML_TENSOR_FLAG_INPUT()) != 0;
  }

  /** What this is a view of, or was written into; empty of what has memory of its own. */
  public Optional<Tensor> viewed() {
    check();
    MemorySegment source = ggml_tensor.view_src(handle);
    return source.address() == 0 ? Optional.empty() : Optional.of(graph.tensor(source));
  }

  /**
   * One of the numbers that an operation has besides its operands, in the order of GGML's {@code
   * op_params}.
   *
   * @param i 0 to 15
   */
  public int parameter(int i) {
    check();
    return ggml_tensor.op_params(handle, i);
  }

  /**
   * The second operand of the last matrix product that this was computed from, along the first
   * operands: of logits, biased, scaled or capped, the state that the output layer was applied to.
   */
  public Optional<Tensor> factor() {
    check();
    MemorySegment node = handle;
    while (node.address() != 0) {
      MemorySegment tensor = node.reinterpret(ggml_tensor.sizeof());
      if (ggml_tensor.op(tensor) == Ggml.GGML_OP_MUL_MAT()) {
        return Optional.of(graph.tensor(ggml_tensor.src(tensor, 1)));
      }
      node = ggml_tensor.src(tensor, 0);
    }
    return Optional.empty();
  }

  /**
   * Sets the data of an input; {@code from} has the tensor's size in bytes or less.
   *
   * @throws IllegalArgumentException as {@link #set(MemorySegment, long, long)}
   */
  public void set(MemorySegment from) {
    set(from, 0, from.byteSize());
  }

  /**
   * Sets part of an input's data.
   *
   * @param offset into the tensor, bytes
   * @param size how many bytes of {@code from}
   * @throws IllegalArgumentException if an operation of the graph takes them for numbers of rows or
   *     matrices, and there is none of one of these numbers
   */
  public void set(MemorySegment from, long offset, long size) {
    checkData(offset, size);
    if (size > from.byteSize()) {
      throw new IndexOutOfBoundsException("found " + from.byteSize() + " of " + size + " bytes");
    }
    IdLimits limits = idLimits == null ? graph.idLimits(this) : idLimits;
    if (limits != null) {
      limits.check(this, from, ggml_tensor.view_offs(handle) + offset, size);
    }
    Ggml.ggml_backend_tensor_set(handle, from, offset, size);
  }

  /** Reads {@code size} bytes, beginning at {@code offset} of this tensor. */
  public void get(MemorySegment to, long offset, long size) {
    checkData(offset, size);
    if (size > to.byteSize()) {
      throw new IndexOutOfBoundsException("room for " + to.byteSize() + " of " + size + " bytes");
    }
    Ggml.ggml_backend_tensor_get(handle, to, offset, size);
  }

  private void checkData(long offset, long size) {
    check();
    if (!isAllocated()) {
      throw new IllegalStateException(
          this + " has no memory: it is not part of a graph that a scheduler has allocated");
    }
    if (offset < 0 || size < 0 || size > nBytes() - offset) {
      throw new IndexOutOfBoundsException(
          "bytes " + offset + " to " + (offset + size) + " of " + this);
    }
  }

  @Override
  public String toString() {
    return name() + " " + type + " [" + ne0 + ", " + ne1 + ", " + ne2 + ", " + ne3 + "]";
  }
}
