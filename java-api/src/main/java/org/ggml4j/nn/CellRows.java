package org.ggml4j.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;

/**
 * The stored keys and values of a {@link CellCache} as bytes, to be copied, saved and restored.
 *
 * <p>What is read of some cells is the same wherever they lie, so it can be written to any others
 * of a cache of the same types. The parts are numbered: keys and values of layer 0, of layer 1, and
 * so on, only keys where these are the values too. Bytes are those of GGML's types, cell by cell;
 * for values that are stored transposed (without flash attention) element by element, each of all
 * cells.
 *
 * <p>Cells that were never written are looked at under a mask, so they must not hold NaN. They are
 * cleared a step at a time, before anything is written or looked at there: a large cache of which
 * little is used then takes neither time nor memory.
 */
public final class CellRows {
  private static final int BLOCK = Placement.PAGE;

  /**
   * A tensor and how a cell's numbers lie in it.
   *
   * @param bytes of each strip that belong to one cell
   * @param strips how many strips a cell has: 1, or each element of a transposed value
   */
  private record Part(Weight tensor, long bytes, long strips, long stripSize) {}

  private final WeightStore store;
  private final int nCells;
  private final int step;
  private final List<Part> parts = new ArrayList<>();
  private int cleared;

  /**
   * @param nCells cells of each part
   * @param step how many cells are cleared at once
   */
  CellRows(WeightStore store, int nCells, int step) {
    this.store = store;
    this.nCells = nCells;
    this.step = step;
  }

  /**
   * @param transposed whether the cells are the fastest dimension
   */
  void add(Weight tensor, boolean transposed) {
    long row = tensor.nBytes() / nCells;
    long bytes = transposed ? tensor.type().typeSize() : row;
    parts.add(new Part(tensor, bytes, row / bytes, bytes * nCells));
  }

  /** Clears the cells before {@code end} that have not been cleared yet, in whole steps. */
  void clearUpTo(int end) {
    if (end <= cleared) {
      return;
    }
    int from = cleared;
    int to = (int) Math.min(nCells, ((long) end + step - 1) / step * step);
    for (Part p : parts) {
      for (long s = 0; s < p.strips; s++) {
        store.clear(p.tensor, s * p.stripSize + from * p.bytes, (to - from) * p.bytes);
      }
    }
    cleared = to;
  }

  /** How many parts there are: two for each layer, one if its keys are its values too. */
  public int nParts() {
    return parts.size();
  }

  /** Bytes that one cell has in a part. */
  public long bytes(int part) {
    return parts.get(part).bytes * parts.get(part).strips;
  }

  /** Copies what the cells hold in a part to the begin of {@code to}. */
  public void read(int part, int[] cells, int from, int n, MemorySegment to) {
    Part p = check(part, cells, from, n, to);
    forRuns(
        p, cells, from, n, (offset, at, size) -> store.get(p.tensor, offset, to.asSlice(at, size)));
  }

  /** Overwrites what the cells hold in a part. */
  public void write(int part, int[] cells, int from, int n, MemorySegment with) {
    Part p = check(part, cells, from, n, with);
    for (int i = from; i < from + n; i++) {
      clearUpTo(cells[i] + 1);
    }
    forRuns(
        p,
        cells,
        from,
        n,
        (offset, at, size) -> store.set(p.tensor, offset, with.asSlice(at, size)));
  }

  private Part check(int part, int[] cells, int from, int n, MemorySegment memory) {
    Objects.checkFromIndexSize(from, n, cells.length);
    Part p = parts.get(part);
    Objects.checkFromIndexSize(0, n * p.bytes * p.strips, memory.byteSize());
    return p;
  }

  private interface Run {
    void copy(long tensorOffset, long memoryOffset, long size);
  }

  /** Cells that lie behind each other are copied at once. */
  private static void forRuns(Part p, int[] cells, int from, int n, Run copy) {
    for (int i = 0; i < n; ) {
      int length = 1;
      while (i + length < n && cells[from + i + length] == cells[from + i] + length) {
        length++;
      }
      for (long s = 0; s < p.strips; s++) {
        copy.copy(
            s * p.stripSize + cells[from + i] * p.bytes, (s * n + i) * p.bytes, length * p.bytes);
      }
      i += length;
    }
  }

  /** Copies all parts of cells to others. */
  void copy(int[] from, int[] to, int n) {
    long largest = 0;
    for (int part = 0; part < parts.size(); part++) {
      largest = Math.max(largest, bytes(part));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(largest * Math.min(n, BLOCK), 64);
      for (int part = 0; part < parts.size(); part++) {
        for (int i = 0; i < n; i += BLOCK) {
          int length = Math.min(BLOCK, n - i);
          read(part, from, i, length, memory);
          write(part, to, i, length, memory);
        }
      }
    }
  }
}
