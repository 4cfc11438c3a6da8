package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * Joins neighbouring symbols, the best pair first, until no pair can be joined: the core of BPE and
 * of SentencePiece's score-driven merging.
 *
 * <p>Symbols are nodes of a linked list, numbered by the byte of the word that they begin at. Short
 * words are searched, long ones use a queue, so that n bytes take O(n log n). Not thread-safe; one
 * per call.
 */
final class Merger {
  /** No pair. */
  static final long NONE = Long.MAX_VALUE;

  private static final int SHORT_WORD = 40;

  /** Which pairs join. */
  @FunctionalInterface
  interface Pairs {
    /**
     * The pair of two neighbours.
     *
     * @return its order (the smallest is joined first) in the upper half and the joined token in
     *     the lower, or {@link #NONE}
     */
    long pair(int leftId, int rightId, byte[] s, int from, int to);
  }

  static long pair(int order, int id) {
    return (long) order << 32 | id;
  }

  private final Pairs pairs;
  private int[] ids = new int[64];
  private int[] next = new int[64];
  private int[] previous = new int[64];
  private long[] best = new long[64];
  private long[] heap = new long[64];
  private long[] run = new long[64];
  private int heapSize;
  private int length;
  private int last;
  private byte[] text = new byte[0];
  private int base;

  Merger(Pairs pairs) {
    this.pairs = pairs;
  }

  /** Starts a word. */
  void begin(byte[] s, int from, int to) {
    text = s;
    base = from;
    length = to - from;
    last = -1;
    if (length > ids.length) {
      int capacity = Math.max(length, (int) Math.min(1 << 20, ids.length * 2L));
      ids = new int[capacity];
      next = new int[capacity];
      previous = new int[capacity];
      best = new long[capacity];
    }
  }

  /** Appends the symbol that begins at a byte of the word; -1 if it is no token. */
  void symbol(int at, int id) {
    ids[at] = id;
    previous[at] = last;
    if (last >= 0) {
      next[last] = at;
    }
    next[at] = length;
    last = at;
  }

  int length() {
    return length;
  }

  /** Token of the node at a byte of the word; -1 if it is none. */
  int id(int node) {
    return ids[node];
  }

  /** The node after, or the word's length; also where a node ends. */
  int next(int node) {
    return next[node];
  }

  /** Joins all that can be joined. */
  void merge() {
    for (int node = 0; node < length; node = next[node]) {
      best[node] = lookUp(node);
    }
    if (length <= SHORT_WORD) {
      mergeShort();
    } else {
      mergeLong();
    }
  }

  private long lookUp(int left) {
    int right = next[left];
    return right == length
        ? NONE
        : pairs.pair(ids[left], ids[right], text, base + left, base + next[right]);
  }

  private void mergeShort() {
    while (true) {
      int found = -1;
      long order = NONE >> 32;
      for (int node = 0; node < length; node = next[node]) {
        if (best[node] >> 32 < order) {
          order = best[node] >> 32;
          found = node;
        }
      }
      if (found < 0) {
        return;
      }
      join(found);
      best[found] = lookUp(found);
      if (previous[found] >= 0) {
        best[previous[found]] = lookUp(previous[found]);
      }
    }
  }

  private void mergeLong() {
    heapSize = 0;
    for (int node = 0; node < length; node = next[node]) {
      if (best[node] != NONE) {
        append(key(node));
      }
    }
    int runSize = 0;
    int runAt = 0;
    while (true) {
      if (runAt == runSize) {
        if (heapSize == 0) {
          return;
        }
        // Sorting what has gathered is cheaper than taking it from the heap one by one, above all
        // for the long repetitions that fill it in order.
        long[] sorted = heap;
        Arrays.sort(sorted, 0, heapSize);
        heap = run;
        run = sorted;
        runSize = heapSize;
        runAt = 0;
        heapSize = 0;
      }
      boolean fromHeap = heapSize > 0 && heap[0] < run[runAt];
      long top = fromHeap ? heap[0] : run[runAt++];
      if (fromHeap) {
        heap[0] = heap[--heapSize];
        siftDown();
      }
      int node = (int) top;
      // An entry is stale when its node was joined to another, or now has another pair.
      if (best[node] == NONE || best[node] >> 32 != top >> 32) {
        continue;
      }
      join(node);
      renew(node);
      if (previous[node] >= 0) {
        renew(previous[node]);
      }
    }
  }

  private void renew(int node) {
    best[node] = lookUp(node);
    if (best[node] != NONE) {
      append(key(node));
      siftUp(heapSize - 1);
    }
  }

  private void join(int left) {
    int right = next[left];
    ids[left] = (int) best[left];
    next[left] = next[right];
    if (next[right] < length) {
      previous[next[right]] = left;
    }
    best[right] = NONE;
  }

  /** Heap order: the pair's order, then the leftmost. */
  private long key(int node) {
    return best[node] >> 32 << 32 | node;
  }

  private void append(long key) {
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, (int) Math.min(Integer.MAX_VALUE - 8, heapSize * 2L));
    }
    heap[heapSize++] = key;
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
