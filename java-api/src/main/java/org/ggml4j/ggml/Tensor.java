package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;

/**
 * A node of a {@link Graph}: the description of a result, not the result itself.
 *
 * <p>The methods append a node and return at once. They are named after GGML's functions and check
 * their operands first: what GGML would answer with an abort is a {@link ShapeException} here. A
 * tensor lives as long as its graph's present content; after {@link Graph#clear} it throws
 * IllegalStateException.
 *
 * <p>Sizes {@code ne} are in elements and strides {@code nb} in bytes, fastest dimension first.
 */
public final class Tensor {
  private static final Set<GgmlType> FLOATS = Set.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16);

  /** Types that {@code setRows} and {@code cpy} can write from F32. */
  private static final Set<GgmlType> WRITABLE =
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

  private static final String BLOCKS = "blocks along the first dimension stay there";

  private final Graph graph;
  private final MemorySegment handle;
  private final int generation;
  private final GgmlType type;
  private final long ne0;
  private final long ne1;
  private final long ne2;
  private final long ne3;
  private final long nb0;
  private final long nb1;
  private final long nb2;
  private final long nb3;

  Tensor(Graph graph, MemorySegment handle) {
    this.graph = graph;
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

  private boolean hasContiguousRows() {
    return nb0 == type.typeSize();
  }

  /** Throws if the graph has moved on. */
  void check() {
    if (generation != graph.generation()) {
      throw new IllegalStateException("this tensor belongs to a graph that was cleared or closed");
    }
  }

  private void require(boolean condition, String operation, String problem) {
    if (!condition) {
      throw new ShapeException(operation, problem + ": " + this);
    }
  }

  private void require(boolean condition, String operation, String problem, Tensor other) {
    if (!condition) {
      throw new ShapeException(operation, problem + ": " + this + " and " + other);
    }
  }

  private void begin() {
    check();
    graph.checkRoom();
  }

  private void begin(String operation, Tensor... others) {
    begin();
    for (Tensor other : others) {
      other.check();
      if (other.graph != graph) {
        throw new ShapeException(operation, "the operands belong to two graphs");
      }
    }
  }

  private Tensor made(MemorySegment node) {
    return graph.tensor(node);
  }

  private boolean sameShape(Tensor b) {
    return ne0 == b.ne0 && ne1 == b.ne1 && ne2 == b.ne2 && ne3 == b.ne3;
  }

  /** Whether this tensor fits into {@code b} a whole number of times in each dimension. */
  private boolean repeatsInto(Tensor b) {
    return b.ne0 % ne0 == 0 && b.ne1 % ne1 == 0 && b.ne2 % ne2 == 0 && b.ne3 % ne3 == 0;
  }

  // ---- element by element

  /** {@code this + b}, where b is repeated to this shape. */
  public Tensor add(Tensor b) {
    checkBinary("add", b);
    return made(Ggml.ggml_add(graph.context(), handle, b.handle));
  }

  /** {@code this - b}, where b is repeated to this shape. */
  public Tensor sub(Tensor b) {
    checkBinary("sub", b);
    return made(Ggml.ggml_sub(graph.context(), handle, b.handle));
  }

  /** {@code this * b} element by element, where b is repeated to this shape. */
  public Tensor mul(Tensor b) {
    checkBinary("mul", b);
    return made(Ggml.ggml_mul(graph.context(), handle, b.handle));
  }

  /** {@code this / b} element by element, where b is repeated to this shape. */
  public Tensor div(Tensor b) {
    checkBinary("div", b);
    return made(Ggml.ggml_div(graph.context(), handle, b.handle));
  }

  private void checkBinary(String operation, Tensor b) {
    begin(operation, b);
    require(b.repeatsInto(this), operation, "the second does not repeat into the first", b);
    boolean types =
        FLOATS.contains(type) && (b.type == type || type != GgmlType.F32 && b.type == GgmlType.F32);
    require(types, operation, "no kernel for these types", b);
    require(hasContiguousRows() && b.hasContiguousRows(), operation, "rows with gaps", b);
  }

  /** {@code this * factor}. */
  public Tensor scale(float factor) {
    begin();
    require(type == GgmlType.F32 && isContiguous(), "scale", "expected contiguous F32");
    return made(Ggml.ggml_scale(graph.context(), handle, factor));
  }

  /** Values below {@code min} become {@code min}, those above {@code max} become {@code max}. */
  public Tensor clamp(float min, float max) {
    begin();
    require(type == GgmlType.F32 || type == GgmlType.F16, "clamp", "expected F32 or F16");
    return made(Ggml.ggml_clamp(graph.context(), handle, min, max));
  }

  /** {@code x * sigmoid(x)}. */
  public Tensor silu() {
    checkUnary("silu");
    return made(Ggml.ggml_silu(graph.context(), handle));
  }

  /** The hyperbolic tangent. */
  public Tensor tanh() {
    checkUnary("tanh");
    return made(Ggml.ggml_tanh(graph.context(), handle));
  }

  private void checkUnary(String operation) {
    begin();
    require(
        FLOATS.contains(type) && isContiguous(), operation, "expected contiguous floating point");
  }

  /** {@code silu(this) * up}: the gated unit of arXiv 2002.05202. */
  public Tensor swiglu(Tensor up) {
    begin("swiglu", up);
    require(
        sameShape(up) && type == up.type && hasContiguousRows() && up.hasContiguousRows(),
        "swiglu",
        "expected equal shapes and types, rows without gaps",
        up);
    require(type == GgmlType.F32 || type == GgmlType.F16, "swiglu", "expected F32 or F16");
    return made(Ggml.ggml_swiglu_split(graph.context(), handle, up.handle));
  }

  // ---- along rows

  /** Each row divided by the root of the mean of its squares plus {@code eps}; arXiv 1910.07467. */
  public Tensor rmsNorm(float eps) {
    begin();
    require(type == GgmlType.F32 && hasContiguousRows(), "rmsNorm", "expected rows of F32");
    require(eps >= 0 && eps < Float.POSITIVE_INFINITY, "rmsNorm", "eps " + eps);
    return made(Ggml.ggml_rms_norm(graph.context(), handle, eps));
  }

  /** Softmax of each row. */
  public Tensor softMax() {
    begin();
    require(type == GgmlType.F32 && isContiguous(), "softMax", "expected contiguous F32");
    return made(Ggml.ggml_soft_max(graph.context(), handle));
  }

  /**
   * {@code softmax(this * scale + mask)} of each row.
   *
   * @param mask F32 or F16, [ne0, at least ne1, …], repeated over the heads
   */
  public Tensor softMaxExt(Tensor mask, float scale, float maxBias) {
    begin("softMaxExt", mask);
    require(type == GgmlType.F32 && isContiguous(), "softMaxExt", "expected contiguous F32");
    boolean fits =
        mask.isContiguous()
            && (mask.type == GgmlType.F32 || mask.type == GgmlType.F16)
            && mask.ne0 == ne0
            && mask.ne1 >= ne1
            && ne2 % mask.ne2 == 0
            && ne3 % mask.ne3 == 0;
    require(fits, "softMaxExt", "the mask does not fit", mask);
    return made(Ggml.ggml_soft_max_ext(graph.context(), handle, mask.handle, scale, maxBias));
  }

  /** Sum of each row: [1, ne1, ne2, ne3]. */
  public Tensor sumRows() {
    begin();
    require(type == GgmlType.F32 && hasContiguousRows(), "sumRows", "expected rows of F32");
    return made(Ggml.ggml_sum_rows(graph.context(), handle));
  }

  /** Sum of everything: [1]. */
  public Tensor sum() {
    begin();
    require(type == GgmlType.F32 && hasContiguousRows(), "sum", "expected rows of F32");
    return made(Ggml.ggml_sum(graph.context(), handle));
  }

  /** Indices of the {@code k} largest of each row, largest first: I32 [k, ne1, ne2, ne3]. */
  public Tensor argsortTopK(int k) {
    begin();
    require(type == GgmlType.F32 && hasContiguousRows(), "argsortTopK", "expected rows of F32");
    require(k >= 1 && k <= ne0, "argsortTopK", "k = " + k);
    return made(Ggml.ggml_argsort_top_k(graph.context(), handle, k));
  }

  // ---- matrix products

  /**
   * {@code this^T b}: this is [k, n, …], b is [k, m, …], the result F32 [n, m, …]; GGML's
   * convention, in which a weight [in, out] applied to x [in, m] is {@code weight.mulMat(x)}.
   */
  public Tensor mulMat(Tensor b) {
    begin("mulMat", b);
    require(ne0 == b.ne0, "mulMat", "first sizes differ", b);
    require(b.ne2 % ne2 == 0 && b.ne3 % ne3 == 0, "mulMat", "batches do not repeat", b);
    require(
        hasContiguousRows() && b.hasContiguousRows() && nb0 <= nb1, "mulMat", "rows with gaps", b);
    require(FLOATS.contains(type) || type.isQuantized(), "mulMat", "no kernel for this type");
    require(
        b.type == GgmlType.F32 || b.type == type && FLOATS.contains(type), "mulMat", "types", b);
    return made(Ggml.ggml_mul_mat(graph.context(), handle, b.handle));
  }

  /** Asks for F32 accumulation in a product or attention that this tensor is the result of. */
  public Tensor precise() {
    check();
    Ggml.ggml_prec_set_acc(handle, Ggml.GGML_PREC_F32());
    return this;
  }

  /**
   * Product with a chosen matrix of a stack: this is [k, n, nExpert], b F32 [k, 1 or nUsed,
   * nTokens], the result F32 [n, nUsed, nTokens].
   *
   * @param ids I32 [nUsed, nTokens], each below nExpert
   */
  public Tensor mulMatId(Tensor b, Tensor ids) {
    begin("mulMatId", b, ids);
    boolean fits =
        ids.type == GgmlType.I32
            && b.type == GgmlType.F32
            && ne3 == 1
            && b.ne3 == 1
            && ids.ne2 == 1
            && ids.ne3 == 1
            && ids.ne1 == b.ne2
            && ne0 == b.ne0
            && ids.ne0 % b.ne1 == 0
            && hasContiguousRows()
            && b.hasContiguousRows();
    require(fits, "mulMatId", "shapes with ids " + ids, b);
    require(FLOATS.contains(type) || type.isQuantized(), "mulMatId", "no kernel for this type");
    return made(Ggml.ggml_mul_mat_id(graph.context(), handle, b.handle, ids.handle));
  }

  // ---- rows

  /**
   * Rows of this [n, rows, …] named by {@code ids} I32 [m, …]: F32 [n, m, …]. Every id must be a
   * row.
   */
  public Tensor getRows(Tensor ids) {
    begin("getRows", ids);
    require(ids.type == GgmlType.I32, "getRows", "ids are not I32", ids);
    require(ne2 == ids.ne1 && ne3 == ids.ne2 && ids.ne3 == 1, "getRows", "batches differ", ids);
    require(hasContiguousRows(), "getRows", "rows with gaps");
    return made(Ggml.ggml_get_rows(graph.context(), handle, ids.handle));
  }

  /**
   * Writes {@code rows} F32 [n, m] into the rows of this [n, cells] that {@code ids} I64 [m] names,
   * converting to this type; the result is this tensor after the write. Every id must be a row.
   */
  public Tensor setRows(Tensor rows, Tensor ids) {
    begin("setRows", rows, ids);
    boolean fits =
        ne0 == rows.ne0
            && ne2 == rows.ne2
            && ne3 == rows.ne3
            && rows.ne1 == ids.ne0
            && rows.ne2 % ids.ne1 == 0
            && rows.ne3 % ids.ne2 == 0
            && ids.ne3 == 1
            && (ids.type == GgmlType.I64 || ids.type == GgmlType.I32)
            && rows.type == GgmlType.F32
            && WRITABLE.contains(type)
            && hasContiguousRows()
            && rows.hasContiguousRows();
    require(fits, "setRows", "shapes or types with ids " + ids, rows);
    return made(Ggml.ggml_set_rows(graph.context(), handle, rows.handle, ids.handle));
  }

  // ---- attention

  /**
   * Rotary position embedding, arXiv 2104.09864, of [headDim, nHead, nTokens].
   *
   * @param positions I32 [nTokens]
   * @param p what is turned and how far
   */
  public Tensor ropeExt(Tensor positions, RopeParameters p) {
    begin("ropeExt", positions);
    require(
        positions.type == GgmlType.I32 && positions.ne1 == 1 && positions.ne0 == ne2,
        "ropeExt",
        "expected I32 positions for dimension 2",
        positions);
    require(type == GgmlType.F32 || type == GgmlType.F16, "ropeExt", "expected F32 or F16");
    require(hasContiguousRows(), "ropeExt", "rows with gaps");
    require(p.nRot() >= 2 && p.nRot() % 2 == 0 && p.nRot() <= ne0, "ropeExt", "nRot " + p.nRot());
    MemorySegment factors = MemorySegment.NULL;
    if (p.factors().isPresent()) {
      Tensor f = graph.use(p.factors().get());
      require(f.type == GgmlType.F32 && f.ne0 >= p.nRot() / 2, "ropeExt", "factors", f);
      factors = f.handle;
    }
    return made(
        Ggml.ggml_rope_ext(
            graph.context(),
            handle,
            positions.handle,
            factors,
            p.nRot(),
            p.style().mode(),
            p.nCtxOrig(),
            p.freqBase(),
            p.freqScale(),
            p.extFactor(),
            p.attnFactor(),
            p.betaFast(),
            p.betaSlow()));
  }

  /**
   * {@code softmax(q k^T * scale + mask) v} in one operation, arXiv 2205.14135; this is q, F32
   * [headDim, nTokens, nHead, …].
   *
   * @param k [headDim, nKv, nHeadKv, …], F16 or quantized
   * @param v [headDimV, nKv, nHeadKv, …]
   * @param mask F16 [nKv, nTokens]
   * @return F32 [headDimV, nHead, nTokens, …]
   */
  public Tensor flashAttnExt(
      Tensor k, Tensor v, Tensor mask, float scale, float maxBias, float softcap) {
    begin("flashAttnExt", k, v, mask);
    boolean fits =
        type == GgmlType.F32
            && ne0 == k.ne0
            && ne2 % k.ne2 == 0
            && ne3 == k.ne3
            && ne3 == v.ne3
            && k.ne1 == v.ne1
            && k.ne2 == v.ne2
            && hasContiguousRows()
            && k.hasContiguousRows()
            && v.hasContiguousRows();
    require(fits, "flashAttnExt", "q and k, v = " + v, k);
    require(
        (FLOATS.contains(k.type) || k.type.isQuantized())
            && (FLOATS.contains(v.type) || v.type.isQuantized()),
        "flashAttnExt",
        "no kernel for k, v = " + v,
        k);
    boolean masked =
        mask.type == GgmlType.F16
            && mask.isContiguous()
            && mask.ne0 == k.ne1
            && mask.ne1 >= ne1
            && ne2 % mask.ne2 == 0
            && ne3 % mask.ne3 == 0;
    require(masked, "flashAttnExt", "the mask does not fit k " + k, mask);
    Tensor result =
        made(
            Ggml.ggml_flash_attn_ext(
                graph.context(), handle, k.handle, v.handle, mask.handle, scale, maxBias, softcap));
    return result.precise();
  }

  // ---- shape and memory

  /** The same elements under other sizes; needs contiguous memory. */
  public Tensor reshape(long... ne) {
    begin();
    long[] n = Shapes.checked("reshape", type, ne);
    require(isContiguous(), "reshape", "expected contiguous memory");
    require(
        n[0] * n[1] * n[2] * n[3] == nElements(),
        "reshape",
        "another number of elements than " + Arrays.toString(ne));
    return made(
        switch (ne.length) {
          case 1 -> Ggml.ggml_reshape_1d(graph.context(), handle, n[0]);
          case 2 -> Ggml.ggml_reshape_2d(graph.context(), handle, n[0], n[1]);
          case 3 -> Ggml.ggml_reshape_3d(graph.context(), handle, n[0], n[1], n[2]);
          default -> Ggml.ggml_reshape_4d(graph.context(), handle, n[0], n[1], n[2], n[3]);
        });
  }

  /** Copies of this side by side until the sizes are reached, each a multiple of this one's. */
  public Tensor repeat(long... ne) {
    begin();
    long[] n = Shapes.checked("repeat", type, ne);
    boolean fits = n[0] % ne0 == 0 && n[1] % ne1 == 0 && n[2] % ne2 == 0 && n[3] % ne3 == 0;
    require(
        fits && type == GgmlType.F32, "repeat", "F32 does not repeat to " + Arrays.toString(ne));
    return made(Ggml.ggml_repeat_4d(graph.context(), handle, n[0], n[1], n[2], n[3]));
  }

  /** [headDim * nHead, nTokens] seen as [headDim, nHead, nTokens]. */
  public Tensor splitHeads(long headDim) {
    require(headDim > 0 && ne0 % headDim == 0, "splitHeads", "headDim " + headDim);
    return reshape(headDim, ne0 / headDim, ne1);
  }

  /** A window into this memory: [ne0, ne1] with row stride nb1, at a byte offset. */
  public Tensor view2d(long n0, long n1, long stride1, long offset) {
    checkView("view2d", offset, new long[] {n0, n1, 1, 1}, stride1, 0, 0);
    return made(Ggml.ggml_view_2d(graph.context(), handle, n0, n1, stride1, offset));
  }

  /** A window into this memory with three dimensions; strides and offset in bytes. */
  public Tensor view3d(long n0, long n1, long n2, long stride1, long stride2, long offset) {
    checkView("view3d", offset, new long[] {n0, n1, n2, 1}, stride1, stride2, 0);
    return made(Ggml.ggml_view_3d(graph.context(), handle, n0, n1, n2, stride1, stride2, offset));
  }

  private void checkView(
      String operation, long offset, long[] ne, long stride1, long stride2, long stride3) {
    begin();
    long[] n = Shapes.checked(operation, type, ne);
    long bytes = nBytes();
    long row = type.rowSize(n[0]);
    long[] strides = {stride1, stride2, stride3};
    boolean fits = offset >= 0 && offset <= bytes && offset % type.typeSize() == 0;
    long end = fits ? offset + row : 0;
    for (int i = 0; i < 3 && fits; i++) {
      // Nothing overflows: a stride within the memory, and few enough steps to stay in it.
      fits = strides[i] >= 0 && strides[i] <= bytes && strides[i] % type.typeSize() == 0;
      fits &= strides[i] == 0 || n[i + 1] - 1 <= bytes / strides[i];
      end += fits ? (n[i + 1] - 1) * strides[i] : 0;
    }
    // GGML wants room for a window without gaps too, also where rows overlap.
    fits &= end <= bytes && n[1] * n[2] * n[3] <= (bytes - offset) / row;
    require(fits, operation, "no window of " + Arrays.toString(n) + " at byte " + offset);
  }

  /** Dimension i of this becomes dimension {@code axis_i} of the result; nothing moves. */
  public Tensor permute(int axis0, int axis1, int axis2, int axis3) {
    begin();
    int seen = 0;
    for (int axis : new int[] {axis0, axis1, axis2, axis3}) {
      seen |= axis >= 0 && axis < 4 ? 1 << axis : 0;
    }
    require(seen == 15, "permute", "axes " + axis0 + ", " + axis1 + ", " + axis2 + ", " + axis3);
    require(!type.isQuantized() || axis0 == 0, "permute", BLOCKS);
    return made(Ggml.ggml_permute(graph.context(), handle, axis0, axis1, axis2, axis3));
  }

  /** Swaps the first two dimensions; nothing moves. */
  public Tensor transpose() {
    begin();
    require(!type.isQuantized(), "transpose", BLOCKS);
    return made(Ggml.ggml_transpose(graph.context(), handle));
  }

  /** A copy in contiguous memory. */
  public Tensor cont() {
    begin();
    return made(Ggml.ggml_cont(graph.context(), handle));
  }

  /** A copy in contiguous memory, as [n0, n1]. */
  public Tensor cont2d(long n0, long n1) {
    begin();
    Shapes.checked("cont", type, n0, n1);
    require(n0 * n1 == nElements(), "cont", "another number of elements than " + n0 + " * " + n1);
    return made(Ggml.ggml_cont_2d(graph.context(), handle, n0, n1));
  }

  /** A copy in another type. */
  public Tensor cast(GgmlType to) {
    begin();
    boolean known =
        type == to
            || FLOATS.contains(type) && WRITABLE.contains(to)
            || to == GgmlType.F32 && (FLOATS.contains(type) || type.isQuantized());
    require(known, "cast", "no conversion to " + to);
    require(
        !to.isQuantized() && !type.isQuantized() || isContiguous(), "cast", "expected contiguous");
    Shapes.checked("cast", to, ne0, ne1, ne2, ne3);
    return made(Ggml.ggml_cast(graph.context(), handle, to.id()));
  }

  /**
   * Copies this into the memory of {@code target}, converting; the result is target after the
   * write.
   */
  public Tensor cpy(Tensor target) {
    begin("cpy", target);
    require(nElements() == target.nElements(), "cpy", "numbers of elements differ", target);
    boolean known =
        type == target.type
            || FLOATS.contains(type) && WRITABLE.contains(target.type)
            || target.type == GgmlType.F32 && (FLOATS.contains(type) || type.isQuantized());
    require(known, "cpy", "no conversion", target);
    return made(Ggml.ggml_cpy(graph.context(), handle, target.handle));
  }

  // ---- training

  /**
   * Cross-entropy of the softmax of these logits F32 [nVocab, n] against {@code labels}
   * (probabilities of the same shape), averaged over n: [1].
   */
  public Tensor crossEntropyLoss(Tensor labels) {
    begin("crossEntropyLoss", labels);
    require(
        sameShape(labels)
            && type == GgmlType.F32
            && labels.type == GgmlType.F32
            && isContiguous()
            && labels.isContiguous(),
        "crossEntropyLoss",
        "expected two contiguous F32 of equal shapes",
        labels);
    return made(Ggml.ggml_cross_entropy_loss(graph.context(), handle, labels.handle));
  }

  /**
   * A step of AdamW, arXiv 1711.05101, on this parameter in place.
   *
   * @param gradient F32 of this shape
   * @param m first moments, changed in place
   * @param v second moments, changed in place
   * @param p F32 [7]: alpha, beta1, beta2, eps, weight decay, 1/(1 - beta1^t), 1/(1 - beta2^t)
   */
  public Tensor optStepAdamw(Tensor gradient, Tensor m, Tensor v, Tensor p) {
    begin("optStepAdamw", gradient, m, v, p);
    boolean fits = sameShape(gradient) && sameShape(m) && sameShape(v) && p.nElements() == 7;
    boolean types =
        type == GgmlType.F32
            && gradient.type == GgmlType.F32
            && m.type == GgmlType.F32
            && v.type == GgmlType.F32
            && p.type == GgmlType.F32;
    boolean contiguous = isContiguous() && gradient.isContiguous();
    int flags = ggml_tensor.flags(handle);
    boolean parameter = (flags & Ggml.GGML_TENSOR_FLAG_PARAM()) != 0;
    require(fits && types && contiguous && parameter, "optStepAdamw", "not a parameter", gradient);
    return made(
        Ggml.ggml_opt_step_adamw(
            graph.context(), handle, gradient.handle, m.handle, v.handle, p.handle));
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

  /** Sets the data of an input; {@code from} has the tensor's size in bytes or less. */
  public void set(MemorySegment from) {
    set(from, 0, from.byteSize());
  }

  /**
   * Sets part of an input's data.
   *
   * @param offset into the tensor, bytes
   * @param size how many bytes of {@code from}
   */
  public void set(MemorySegment from, long offset, long size) {
    checkData(offset, size);
    if (size > from.byteSize()) {
      throw new IndexOutOfBoundsException("found " + from.byteSize() + " of " + size + " bytes");
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
