package org.ggml4j.ggml;

import java.util.Arrays;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/** Other shapes of the same elements, copies and conversions. */
public sealed interface ShapeOps permits Tensor {
  /** The tensor that these are operations of. */
  Tensor self();

  /** The same elements under other sizes; needs contiguous memory. */
  default Tensor reshape(long... ne) {
    Tensor x = self();
    x.begin();
    long[] n = Shapes.checked("reshape", x.type, ne);
    x.require(x.isContiguous(), "reshape", "expected contiguous memory");
    x.require(
        n[0] * n[1] * n[2] * n[3] == x.nElements(),
        "reshape",
        "another number of elements than " + Arrays.toString(ne));
    return x.made(Ggml.ggml_reshape_4d(x.context(), x.handle(), n[0], n[1], n[2], n[3]));
  }

  /** Copies of this side by side until the sizes are reached, each a multiple of this one's. */
  default Tensor repeat(long... ne) {
    Tensor x = self();
    x.begin();
    long[] n = Shapes.checked("repeat", x.type, ne);
    boolean fits = n[0] % x.ne0 == 0 && n[1] % x.ne1 == 0 && n[2] % x.ne2 == 0 && n[3] % x.ne3 == 0;
    x.require(
        fits && x.is(GgmlType.F32) && x.hasContiguousRows(),
        "repeat",
        "rows of F32 do not repeat to " + Arrays.toString(ne));
    return x.made(Ggml.ggml_repeat_4d(x.context(), x.handle(), n[0], n[1], n[2], n[3]));
  }

  /** This and {@code b} behind each other in dimension {@code dim}; the others are equal. */
  default Tensor concat(Tensor b, int dim) {
    Tensor x = self();
    x.begin("concat", b);
    boolean fits = dim >= 0 && dim < 4 && b.is(x.type);
    for (int i = 0; i < 4 && fits; i++) {
      fits = i == dim || x.ne(i) == b.ne(i);
    }
    x.require(fits, "concat", "in dimension " + dim, b);
    x.require(
        x.is(GgmlType.F32) || x.is(GgmlType.I32) || x.is(GgmlType.F16),
        "concat",
        "expected F32, F16 or I32");
    long[] n = {x.ne0, x.ne1, x.ne2, x.ne3};
    n[dim] += b.ne(dim);
    Shapes.checked("concat", x.type, n);
    return x.made(Ggml.ggml_concat(x.context(), x.handle(), b.handle(), dim));
  }

  /** Zeros appended to each dimension. */
  default Tensor pad(int n0, int n1, int n2, int n3) {
    return padBoth(0, n0, 0, n1, 0, n2, 0, n3);
  }

  /** Zeros put before (left) and behind (right) the elements of each dimension. */
  default Tensor padBoth(
      int left0, int right0, int left1, int right1, int left2, int right2, int left3, int right3) {
    Tensor x = self();
    x.begin();
    x.require(x.is(GgmlType.F32) && x.hasContiguousRows(), "pad", "expected rows of F32");
    int[] p = {left0, right0, left1, right1, left2, right2, left3, right3};
    x.require(Arrays.stream(p).allMatch(n -> n >= 0), "pad", "by " + Arrays.toString(p));
    Shapes.checked(
        "pad",
        x.type,
        x.ne0 + left0 + right0,
        x.ne1 + left1 + right1,
        x.ne2 + left2 + right2,
        x.ne3 + left3 + right3);
    return x.made(
        Ggml.ggml_pad_ext(
            x.context(), x.handle(), left0, right0, left1, right1, left2, right2, left3, right3));
  }

  /** [headDim * nHead, nTokens] seen as [headDim, nHead, nTokens]. */
  default Tensor splitHeads(long headDim) {
    Tensor x = self();
    x.require(headDim > 0 && x.ne0 % headDim == 0, "splitHeads", "headDim " + headDim);
    long nHead = x.ne0 / headDim;
    return x.isContiguous() ? reshape(headDim, nHead, x.ne1) : heads(0, headDim, nHead);
  }

  /** [headDim, nHead, nTokens] as [headDim * nHead, nTokens]: what splitHeads does, undone. */
  default Tensor mergeHeads() {
    Tensor x = self();
    x.require(x.ne3 == 1, "mergeHeads", "expected three dimensions");
    return contiguous().reshape(x.ne0 * x.ne1, x.ne2);
  }

  /** This without gaps: itself, or a copy. */
  default Tensor contiguous() {
    Tensor x = self();
    return x.isContiguous() ? x : x.cont();
  }

  /** A window into this memory: n elements at a byte offset. */
  default Tensor view1d(long n0, long offset) {
    checkView("view1d", offset, new long[] {n0, 1, 1, 1}, 0, 0, 0);
    long bytes = self().type.rowSize(n0);
    return view(n0, 1, 1, 1, bytes, bytes, bytes, offset);
  }

  /** A window into this memory: [ne0, ne1] with row stride nb1, at a byte offset. */
  default Tensor view2d(long n0, long n1, long stride1, long offset) {
    checkView("view2d", offset, new long[] {n0, n1, 1, 1}, stride1, 0, 0);
    return view(n0, n1, 1, 1, stride1, stride1 * n1, stride1 * n1, offset);
  }

  /** A window into this memory with three dimensions; strides and offset in bytes. */
  default Tensor view3d(long n0, long n1, long n2, long stride1, long stride2, long offset) {
    checkView("view3d", offset, new long[] {n0, n1, n2, 1}, stride1, stride2, 0);
    return view(n0, n1, n2, 1, stride1, stride2, stride2 * n2, offset);
  }

  /** A window into this memory with four dimensions; strides and offset in bytes. */
  default Tensor view4d(
      long n0, long n1, long n2, long n3, long stride1, long stride2, long stride3, long offset) {
    checkView("view4d", offset, new long[] {n0, n1, n2, n3}, stride1, stride2, stride3);
    return view(n0, n1, n2, n3, stride1, stride2, stride3, offset);
  }

  /** All windows, and all reshaping, by one function of GGML each: Java links each in some ms. */
  private Tensor view(
      long n0, long n1, long n2, long n3, long stride1, long stride2, long stride3, long offset) {
    Tensor x = self();
    return x.made(
        Ggml.ggml_view_4d(
            x.context(), x.handle(), n0, n1, n2, n3, stride1, stride2, stride3, offset));
  }

  private void checkView(
      String operation, long offset, long[] ne, long stride1, long stride2, long stride3) {
    Tensor x = self();
    x.begin();
    long[] n = Shapes.checked(operation, x.type, ne);
    long bytes = x.nBytes();
    long row = x.type.rowSize(n[0]);
    long[] strides = {stride1, stride2, stride3};
    boolean fits = offset >= 0 && offset <= bytes && offset % x.type.typeSize() == 0;
    long end = fits ? offset + row : 0;
    for (int i = 0; i < 3 && fits; i++) {
      // Nothing overflows: a stride within the memory, and few enough steps to stay in it.
      fits = strides[i] >= 0 && strides[i] % x.type.typeSize() == 0;
      fits &= n[i + 1] == 1 || strides[i] <= bytes;
      fits &= strides[i] == 0 || n[i + 1] - 1 <= bytes / strides[i];
      end += fits ? (n[i + 1] - 1) * strides[i] : 0;
    }
    // GGML wants room for a window without gaps too, also where rows overlap.
    fits &= end <= bytes && n[1] * n[2] * n[3] <= (bytes - offset) / row;
    x.require(fits, operation, "no window of " + Arrays.toString(n) + " at byte " + offset);
  }

  /**
   * Part of each row, as [n0, ne1, ne2, ne3] in this memory.
   *
   * @param from first element, within a row
   */
  default Tensor columns(long from, long n0) {
    Tensor x = self();
    x.require(
        from >= 0 && n0 > 0 && from <= x.ne0 - n0 && x.hasContiguousRows() && !x.type.isQuantized(),
        "columns",
        from + " to " + (from + n0));
    return view4d(n0, x.ne1, x.ne2, x.ne3, x.nb1, x.nb2, x.nb3, from * x.type.typeSize());
  }

  /**
   * Part of each row of [n, nTokens, nSeq] seen as heads: [headDim, nHead, nTokens, nSeq] in this
   * memory, such as the queries in a product of queries, keys and values.
   *
   * @param from first element, within a row
   */
  default Tensor heads(long from, long headDim, long nHead) {
    Tensor x = self();
    long size = x.type.typeSize();
    x.require(
        from >= 0
            && headDim > 0
            && nHead > 0
            && from <= x.ne0 - headDim * nHead
            && x.ne3 == 1
            && x.hasContiguousRows()
            && !x.type.isQuantized(),
        "heads",
        nHead + " of " + headDim + " at " + from);
    return view4d(headDim, nHead, x.ne1, x.ne2, headDim * size, x.nb1, x.nb2, from * size);
  }

  /** Dimension i of this becomes dimension {@code axis_i} of the result; nothing moves. */
  default Tensor permute(int axis0, int axis1, int axis2, int axis3) {
    Tensor x = self();
    x.begin();
    int seen = 0;
    for (int axis : new int[] {axis0, axis1, axis2, axis3}) {
      seen |= axis >= 0 && axis < 4 ? 1 << axis : 0;
    }
    x.require(seen == 15, "permute", "axes " + axis0 + ", " + axis1 + ", " + axis2 + ", " + axis3);
    x.require(
        !x.type.isQuantized() || axis0 == 0,
        "permute",
        "blocks along the first dimension stay there");
    return x.made(Ggml.ggml_permute(x.context(), x.handle(), axis0, axis1, axis2, axis3));
  }

  /** Swaps the first two dimensions; nothing moves. */
  default Tensor transpose() {
    Tensor x = self();
    x.begin();
    x.require(!x.type.isQuantized(), "transpose", "blocks along the first dimension stay there");
    return x.made(Ggml.ggml_transpose(x.context(), x.handle()));
  }

  /** A copy in contiguous memory. */
  default Tensor cont() {
    Tensor x = self();
    x.begin();
    return x.made(Ggml.ggml_cont(x.context(), x.handle()));
  }

  /** A copy in contiguous memory, as [n0, n1]. */
  default Tensor cont2d(long n0, long n1) {
    Tensor x = self();
    x.begin();
    Shapes.checked("cont", x.type, n0, n1);
    x.require(
        n0 * n1 == x.nElements(), "cont", "another number of elements than " + n0 + " * " + n1);
    return x.made(Ggml.ggml_cont_2d(x.context(), x.handle(), n0, n1));
  }

  /** A copy in another type. */
  default Tensor cast(GgmlType to) {
    Tensor x = self();
    x.begin();
    x.require(converts(to), "cast", "no conversion to " + to);
    x.require(
        !to.isQuantized() && !x.type.isQuantized() || x.isContiguous(),
        "cast",
        "expected contiguous");
    Shapes.checked("cast", to, x.ne0, x.ne1, x.ne2, x.ne3);
    return x.made(Ggml.ggml_cast(x.context(), x.handle(), to.id()));
  }

  /**
   * Copies this into the memory of {@code target}, converting; the result is target after the
   * write.
   */
  default Tensor cpy(Tensor target) {
    Tensor x = self();
    x.begin("cpy", target);
    x.require(x.nElements() == target.nElements(), "cpy", "numbers of elements differ", target);
    x.require(converts(target.type), "cpy", "no conversion", target);
    return x.made(Ggml.ggml_cpy(x.context(), x.handle(), target.handle()));
  }

  private boolean converts(GgmlType to) {
    Tensor x = self();
    return x.is(to)
        || x.isFloat() && Tensor.WRITABLE.contains(to)
        || to == GgmlType.F32 && x.isMatrix()
        || x.is(GgmlType.F32) && to == GgmlType.I32
        || x.is(GgmlType.I32) && to == GgmlType.F32;
  }
}
