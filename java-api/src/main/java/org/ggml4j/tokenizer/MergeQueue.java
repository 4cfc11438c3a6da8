package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * A queue of longs, the smallest first: a heap beside a sorted run.
 *
 * <p>When the run is used up, the heap is sorted and becomes the run: that is cheaper than taking
 * its entries one by one, above all for the long repetitions that fill it in order.
 */
final class MergeQueue {
  private long[] heap = new long[64];
  private long[] run = new long[64];
  private int heapSize;
  private int runSize;
  private int runAt;

  boolean isEmpty() {
    return heapSize == 0 && runAt == runSize;
  }

  /** Adds an entry to a queue from which nothing has been taken since it was empty. */
  void append(long key) {
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, Capacity.grown(heapSize, heapSize + 1L));
    }
    heap[heapSize++] = key;
  }

  void add(long key) {
    append(key);
    siftUp(heapSize - 1);
  }

  long first() {
    fill();
    return heapSize > 0 && heap[0] < run[runAt] ? heap[0] : run[runAt];
  }

  long take() {
    fill();
    if (heapSize == 0 || heap[0] >= run[runAt]) {
      return run[runAt++];
    }
    long top = heap[0];
    heap[0] = heap[--heapSize];
    siftDown();
    return top;
  }

  private void fill() {
    if (runAt < runSize) {
      return;
    }
    long[] sorted = heap;
    Arrays.sort(sorted, 0, heapSize);
    heap = run;
    run = sorted;
    runSize = heapSize;
    runAt = 0;
    heapSize = 0;
  }

  private void siftUp(int index) {
    int i = index;
    long key = heap[i];
    while (i > 0) {
      int parent = (i - 1) >>> 1;
      if (heap[parent] <= key) {
        break;
      }
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = key;
  }

  private void siftDown() {
    int i = 0;
    long key = heap[0];
    while (true) {
      int child = 2 * i + 1;
      if (child >= heapSize) {
        break;
      }
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= key) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = key;
  }
}
