package org.ggml4j.sampling;

import java.util.Arrays;

/** Indices of some of the logits. */
final class Indices {
  /** Of so many chunks the marks can be collected. */
  static final int MOST_MARKED = Integer.SIZE;

  private int[] indices = new int[1024];
  private int count;

  int size() {
    return count;
  }

  int get(int i) {
    return indices[i];
  }

  void clear() {
    count = 0;
  }

  /**
   * Adds those that were marked.
   *
   * @param marks of each place in a chunk a bit for each chunk, the last one lowest
   * @param size how many places a chunk has
   * @param begin index of the first place of the first chunk
   * @param chunks how many there are
   */
  void addMarked(int[] marks, int size, int begin, int chunks) {
    int[] to = indices;
    int n = count;
    for (int place = 0; place < size; place++) {
      int bits = marks[place];
      if (n + Integer.SIZE > to.length) {
        to = Arrays.copyOf(to, 2 * to.length);
      }
      int last = begin + (chunks - 1) * size + place;
      // Most places have none or few, so that two are written without asking, which is quicker.
      to[n] = last - Integer.numberOfTrailingZeros(bits) * size;
      n += (bits | -bits) >>> 31;
      bits &= bits - 1;
      to[n] = last - Integer.numberOfTrailingZeros(bits) * size;
      n += (bits | -bits) >>> 31;
      bits &= bits - 1;
      while (bits != 0) {
        to[n++] = last - Integer.numberOfTrailingZeros(bits) * size;
        bits &= bits - 1;
      }
    }
    indices = to;
    count = n;
  }
}
