package org.ggml4j.ggml;

import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/** Products of matrices, and reading and writing rows by number. */
public sealed interface MatrixOps permits Tensor {
  /** Which part of a square matrix {@link #tri} keeps. */
  enum Triangle {
    UPPER_WITH_DIAGONAL(Ggml.GGML_TRI_TYPE_UPPER_DIAG()),
    UPPER(Ggml.GGML_TRI_TYPE_UPPER()),
    LOWER_WITH_DIAGONAL(Ggml.GGML_TRI_TYPE_LOWER_DIAG()),
    LOWER(Ggml.GGML_TRI_TYPE_LOWER());

    private final int id;

    Triangle(int id) {
      this.id = id;
    }
  }

  /** The tensor that these are operations of. */
  Tensor self();

  /**
   * {@code this^T b}: this is [k, n, …], b is [k, m, …], the result F32 [n, m, …]; GGML's
   * convention, in which a weight [in, out] applied to x [in, m] is {@code weight.mulMat(x)}.
   */
  default Tensor mulMat(Tensor b) {
    Tensor x = self();
    x.begin("mulMat", b);
    x.require(x.ne0 == b.ne0, "mulMat", "first sizes differ", b);
    x.require(b.ne2 % x.ne2 == 0 && b.ne3 % x.ne3 == 0, "mulMat", "batches do not repeat", b);
    x.require(
        x.hasContiguousRows() && b.hasContiguousRows() && x.nb0 <= x.nb1,
        "mulMat",
        "rows with gaps",
        b);
    x.require(x.isMatrix(), "mulMat", "no kernel for this type");
    x.require(b.is(GgmlType.F32) || b.is(x.type) && x.isFloat(), "mulMat", "types", b);
    if (b.ne2 * b.ne3 > 1 && x.isForOneMatrix()) {
      Tensor rows = b.contiguous().reshape(b.ne0, b.ne1 * b.ne2 * b.ne3);
      return x.mulMat(rows).reshape(x.ne1, b.ne1, b.ne2, b.ne3);
    }
    return x.made(Ggml.ggml_mul_mat(x.context(), x.handle(), b.handle()));
  }

  /** Asks for F32 accumulation in a product or attention that this tensor is the result of. */
  default Tensor precise() {
    Tensor x = self();
    x.check();
    Ggml.ggml_prec_set_acc(x.handle(), Ggml.GGML_PREC_F32());
    return x;
  }

  /**
   * Product with a chosen matrix of a stack: this is [k, n, nExpert], b F32 [k, 1 or nUsed,
   * nTokens], the result F32 [n, nUsed, nTokens].
   *
   * @param ids I32 [nUsed, nTokens], each below nExpert. Those of an input are checked when they
   *     are set; those that are computed must be right, such as the places of the largest scores:
   *     the native side ends the process for another one
   */
  default Tensor mulMatId(Tensor b, Tensor ids) {
    Tensor x = self();
    x.begin("mulMatId", b, ids);
    boolean fits =
        ids.is(GgmlType.I32)
            && b.is(GgmlType.F32)
            && x.ne3 == 1
            && b.ne3 == 1
            && ids.ne2 == 1
            && ids.ne3 == 1
            && ids.ne1 == b.ne2
            && x.ne0 == b.ne0
            && ids.ne0 % b.ne1 == 0
            && x.hasContiguousRows()
            && b.hasContiguousRows();
    x.require(fits, "mulMatId", "shapes with ids " + ids, b);
    x.require(x.isMatrix(), "mulMatId", "no kernel for this type");
    ids.requireIdsBelow(x.ne2, "mulMatId");
    return x.made(Ggml.ggml_mul_mat_id(x.context(), x.handle(), b.handle(), ids.handle()));
  }

  /**
   * Rows of this [n, rows, …] named by {@code ids} I32 [m, …]: F32 [n, m, …], of an I32 tensor I32.
   * Every id must be a row, which is checked as in {@link #mulMatId}.
   */
  default Tensor getRows(Tensor ids) {
    Tensor x = self();
    x.begin("getRows", ids);
    x.require(ids.is(GgmlType.I32), "getRows", "ids are not I32", ids);
    x.require(
        x.ne2 == ids.ne1 && x.ne3 == ids.ne2 && ids.ne3 == 1, "getRows", "batches differ", ids);
    x.require(x.hasContiguousRows(), "getRows", "rows with gaps");
    x.require(x.isMatrix() || x.is(GgmlType.I32), "getRows", "no kernel for this type");
    ids.requireIdsBelow(x.ne1, "getRows");
    return x.made(Ggml.ggml_get_rows(x.context(), x.handle(), ids.handle()));
  }

  /**
   * Writes {@code rows} F32 [n, m] into the rows of this [n, cells] that {@code ids} I64 [m] names,
   * converting to this type; the result is this tensor after the write. Every id must be a row,
   * which is checked as in {@link #mulMatId}.
   */
  default Tensor setRows(Tensor rows, Tensor ids) {
    Tensor x = self();
    x.begin("setRows", rows, ids);
    boolean fits =
        x.ne0 == rows.ne0
            && x.ne2 == rows.ne2
            && x.ne3 == rows.ne3
            && rows.ne1 == ids.ne0
            && rows.ne2 % ids.ne1 == 0
            && rows.ne3 % ids.ne2 == 0
            && ids.ne3 == 1
            && (ids.is(GgmlType.I64) || ids.is(GgmlType.I32))
            && rows.is(GgmlType.F32)
            && Tensor.WRITABLE.contains(x.type)
            && x.hasContiguousRows()
            && rows.hasContiguousRows();
    x.require(fits, "setRows", "shapes or types with ids " + ids, rows);
    ids.requireIdsBelow(x.ne1, "setRows");
    return x.made(Ggml.ggml_set_rows(x.context(), x.handle(), rows.handle(), ids.handle()));
  }

  /** A square matrix F32 [n, n, …] with zeros outside of a triangle. */
  default Tensor tri(Triangle kept) {
    Tensor x = self();
    x.begin();
    x.require(
        x.is(GgmlType.F32) && x.isContiguous() && x.ne0 == x.ne1,
        "tri",
        "expected a contiguous square of F32");
    return x.made(Ggml.ggml_tri(x.context(), x.handle(), kept.id));
  }

  /** A vector F32 [n, 1, …] as the diagonal of a matrix [n, n, …] of zeros. */
  default Tensor diag() {
    Tensor x = self();
    x.begin();
    x.require(
        x.is(GgmlType.F32) && x.hasContiguousRows() && x.ne1 == 1, "diag", "expected rows of F32");
    return x.made(Ggml.ggml_diag(x.context(), x.handle()));
  }

  /**
   * Solves {@code this * y = b} for y, where this F32 [n, n, …] is lower triangular and b is F32
   * [m, n, …].
   */
  default Tensor solveTri(Tensor b) {
    Tensor x = self();
    x.begin("solveTri", b);
    boolean fits =
        x.is(GgmlType.F32)
            && b.is(GgmlType.F32)
            && x.ne0 == x.ne1
            && x.ne1 == b.ne1
            && x.ne2 == b.ne2
            && x.ne3 == b.ne3
            && x.isContiguous()
            && b.isContiguous();
    x.require(fits, "solveTri", "shapes or types", b);
    return x.made(Ggml.ggml_solve_tri(x.context(), x.handle(), b.handle(), true, true, false));
  }
}
