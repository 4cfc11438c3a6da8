package org.ggml4j.sampling;

import java.util.Arrays;

/** Indices of some of the logits. */
final class Indices {
  // A float holds whole numbers of so many bits exactly.
  private static final int MOST_BITS = 24;

  /** Of so many at a time the marks can be collected. */
  static final int MOST_MARKED = MOST_BITS * Exponential.LANES;

  private int[] indices = new int[1024];
  private int size;

  int size() {
    return size;
  }

  int get(int i) {
    return indices[i];
  }

  void clear() {
    size = 0;
  }

  /**
   * Adds those that were marked.
   *
   * @param marks of each lane a whole number with a bit for each, the last one lowest
   * @param begin index of the first of lane 0
   * @param rows how many there are in a lane
   */
  void addMarked(float[] marks, int begin, int rows) {
    for (int lane = 0; lane < marks.length; lane++) {
      int bits = (int) marks[lane];
      if (size + Integer.SIZE > indices.length) {
        indices = Arrays.copyOf(indices, 2 * indices.length);
      }
      int last = begin + (rows - 1) * Exponential.LANES + lane;
      // Most lanes have none or one, so that one is written without asking, which is quicker.
      indices[size] = last - Integer.numberOfTrailingZeros(bits) * Exponential.LANES;
      size += (bits | -bits) >>> 31;
      bits &= bits - 1;
      while (bits != 0) {
        indices[size++] = last - Integer.numberOfTrailingZeros(bits) * Exponential.LANES;
        bits &= bits - 1;
      }
    }
  }
}
