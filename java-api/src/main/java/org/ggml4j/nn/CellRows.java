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
  private final List<Part> parts = new ArrayList<>();

  CellRows(WeightStore store) {
    this.store = store;
  }

  /**
   * @param transposed whether the cells are the fastest dimension
   */
  void add(Weight tensor, long nCells, boolean transposed) {
    long row = tensor.nBytes() / nCells;
    long bytes = transposed ? tensor.type().typeSize() : row;
    parts.add(new Part(tensor, bytes, row / bytes, bytes * nCells));
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
