package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.jspecify.annotations.Nullable;

/**
 * The inputs by which a graph knows the cells of a {@link CellCache}: where the batch's tokens are
 * written, and which cells each of them may look at. Each is made when it is first asked for.
 */
final class CellInputs {
  private static final short F16_MINUS_INFINITY = (short) 0xFC00;

  private final Inputs in;
  private final CellMap cells;
  private final Placement placement;
  private final Optional<Window> window;
  private final int nStored;
  private final int nKv;
  private final boolean flashAttn;
  private @Nullable Tensor cellIds;
  private final Map<Integer, Tensor> valueIds = new HashMap<>();
  private final Map<Integer, Tensor> masks = new HashMap<>();
  private @Nullable Tensor distances;
  private final Map<RelativeBias, Tensor> biases = new HashMap<>();

  /**
   * @param placement of the batch that the inputs are filled for
   * @param nKv cells that are looked at
   */
  CellInputs(
      Inputs in,
      CellMap cells,
      Placement placement,
      Optional<Window> window,
      CellTensors tensors,
      int nKv) {
    this.in = in;
    this.cells = cells;
    this.placement = placement;
    this.window = window;
    this.nKv = nKv;
    nStored = tensors.nStored();
    flashAttn = tensors.options().flashAttn();
  }

  /** The cells that the batch is written to: I64 [nTokens]. */
  Tensor cellIds() {
    if (cellIds == null) {
      cellIds = in.add("k_idxs", GgmlType.I64, this::fillCellIds, in.nTokens());
    }
    return cellIds;
  }

  private void fillCellIds(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
    int n = batch.size();
    MemorySegment to = scratch.atLeast(8L * n);
    for (int i = 0; i < n; i++) {
      to.setAtIndex(ValueLayout.JAVA_LONG, i, placement.cell(i));
    }
    tensor.set(to, 0, 8L * n);
  }

  /** Every element of a transposed value goes to a row of its own: I64 [nEmbdV * nTokens]. */
  Tensor valueIds(int nEmbdV) {
    return valueIds.computeIfAbsent(
        nEmbdV, n -> in.add("v_idxs", GgmlType.I64, this::fillValueIds, (long) in.nTokens() * n));
  }

  private void fillValueIds(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
    long nEmbdV = tensor.ne(0) / batch.size();
    MemorySegment to = scratch.atLeast(8 * nEmbdV * batch.size());
    long at = 0;
    for (int i = 0; i < batch.size(); i++) {
      for (long j = 0; j < nEmbdV; j++) {
        to.setAtIndex(ValueLayout.JAVA_LONG, at++, j * nStored + placement.cell(i));
      }
    }
    tensor.set(to, 0, 8 * at);
  }

  /**
   * 0 where a token may look at a cell: of its own sequence, not of its future, and in its window;
   * else minus infinity.
   */
  Tensor mask(int rows) {
    return masks.computeIfAbsent(rows, n -> newMask("attn_inp_kq_mask", this::fillMask, n));
  }

  /** As {@link #mask}, but minus the distance where a token may look: for ALiBi. */
  Tensor distances() {
    if (distances == null) {
      distances = newMask("attn_inp_kq_distances", this::fillDistances, in.nTokens());
    }
    return distances;
  }

  private Tensor newMask(String name, Inputs.Filler filler, int rows) {
    GgmlType type = flashAttn ? GgmlType.F16 : GgmlType.F32;
    return in.add(name, type, filler, nKv, rows);
  }

  private boolean sees(int cell, long bit, int position) {
    return (cells.owners(cell) & bit) != 0
        && cells.position(cell) <= position
        && (window.isEmpty() || !window.get().hides(cells.position(cell), position));
  }

  private void fillMask(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
    boolean half = flashAttn;
    long rowBytes = (half ? 2L : 4L) * nKv;
    MemorySegment row = scratch.atLeast(rowBytes);
    for (int i = 0; i < batch.size(); i++) {
      long bit = 1L << batch.sequence(i);
      int position = batch.position(i);
      if (half) {
        for (int c = 0; c < nKv; c++) {
          boolean seen = sees(c, bit, position);
          row.setAtIndex(ValueLayout.JAVA_SHORT, c, seen ? (short) 0 : F16_MINUS_INFINITY);
        }
      } else {
        for (int c = 0; c < nKv; c++) {
          boolean seen = sees(c, bit, position);
          row.setAtIndex(ValueLayout.JAVA_FLOAT, c, seen ? 0f : Float.NEGATIVE_INFINITY);
        }
      }
      tensor.set(row, i * rowBytes, rowBytes);
    }
    for (int i = batch.size(); i < tensor.ne(1); i++) {
      tensor.set(row, i * rowBytes, rowBytes); // one token, the heads of a group in its place
    }
  }

  private void fillDistances(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
    long rowBytes = (flashAttn ? 2L : 4L) * nKv;
    MemorySegment row = scratch.atLeast(rowBytes);
    for (int i = 0; i < batch.size(); i++) {
      long bit = 1L << batch.sequence(i);
      int position = batch.position(i);
      for (int c = 0; c < nKv; c++) {
        float value =
            sees(c, bit, position) ? cells.position(c) - position : Float.NEGATIVE_INFINITY;
        if (flashAttn) {
          row.setAtIndex(ValueLayout.JAVA_SHORT, c, Float.floatToFloat16(value));
        } else {
          row.setAtIndex(ValueLayout.JAVA_FLOAT, c, value);
        }
      }
      tensor.set(row, i * rowBytes, rowBytes);
    }
  }

  /** Relative positions of the cells, as a bias of the scores. */
  Tensor bias(RelativeBias relative) {
    return biases.computeIfAbsent(relative, this::newBias);
  }

  private Tensor newBias(RelativeBias relative) {
    Tensor buckets =
        in.add(
            "pos_bucket",
            GgmlType.I32,
            (to, batch, scratch) -> relative.fill(to, batch, scratch, nKv, cells::position),
            (long) nKv * in.nTokens());
    return relative.apply(buckets, nKv);
  }
}
