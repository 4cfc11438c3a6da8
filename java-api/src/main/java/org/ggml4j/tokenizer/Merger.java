package org.ggml4j.tokenizer;

/**
 * Joins neighbouring symbols, the best pair first, until no pair can be joined: the core of BPE and
 * of SentencePiece's score-driven merging.
 *
 * <p>Symbols are nodes of a linked list, numbered by the byte of the word that they begin at, with
 * 16 bytes of memory for each byte of the word. Short words are searched. Long ones use a queue of
 * bounded size: pairs are taken into it by ranges of their order, so that n bytes take O(n log n)
 * time and no queue of n entries. Not thread-safe; one per call.
 */
final class Merger {
  /** No pair. */
  static final long NONE = Long.MAX_VALUE;

  private static final int NO_ORDER = Integer.MAX_VALUE;
  private static final int SHORT_WORD = 40;
  private static final int BUCKETS = 1 << 10;

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
  private final int maxQueue;
  private final MergeQueue queue = new MergeQueue();
  private int[] ids = new int[64];
  // At a node's first byte where it ends; at its last, if that is another, where it begins.
  private int[] links = new int[64];
  private long[] best = new long[64];
  private int length;
  private int last;
  private byte[] text = new byte[0];
  private int base;
  // What is queued now: pairs of this order or a smaller one.
  private int limit;
  // Whether there are too many pairs of the order `limit` for the queue.
  private boolean sweeps;
  // The node that a sweep is at.
  private int cursor;

  Merger(Pairs pairs) {
    this(pairs, 1 << 22);
  }

  /**
   * @param maxQueue how many pairs are taken into the queue at once
   */
  Merger(Pairs pairs, int maxQueue) {
    this.pairs = pairs;
    this.maxQueue = maxQueue;
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
      links = new int[capacity];
      best = new long[capacity];
    }
  }

  /** Appends the symbol that begins at a byte of the word; -1 if it is no token. */
  void symbol(int at, int id) {
    if (last >= 0) {
      link(last, at);
    }
    ids[at] = id;
    last = at;
  }

  private void link(int node, int end) {
    links[end - 1] = node;
    links[node] = end;
  }

  /** Token of the node at a byte of the word; -1 if it is none. */
  int id(int node) {
    return ids[node];
  }

  /** The node after, or the word's length; also where a node ends. */
  int next(int node) {
    return links[node];
  }

  private int previous(int node) {
    if (node == 0) {
      return -1;
    }
    // A node of one byte has room for its end only.
    int link = links[node - 1];
    return link == node ? node - 1 : link;
  }

  /** Joins all that can be joined. */
  void merge() {
    if (length == 0) {
      return;
    }
    link(last, length);
    for (int node = 0; node < length; node = next(node)) {
      best[node] = lookUp(node);
    }
    if (length <= SHORT_WORD) {
      mergeShort();
    } else {
      mergeLong();
    }
  }

  private long lookUp(int left) {
    int right = links[left];
    return right == length
        ? NONE
        : pairs.pair(ids[left], ids[right], text, base + left, base + links[right]);
  }

  private static int order(long pair) {
    return (int) (pair >> 32);
  }

  private void mergeShort() {
    while (true) {
      int found = -1;
      int order = NO_ORDER;
      for (int node = 0; node < length; node = links[node]) {
        if (order(best[node]) < order) {
          order = order(best[node]);
          found = node;
        }
      }
      if (found < 0) {
        return;
      }
      join(found);
      best[found] = lookUp(found);
      int before = previous(found);
      if (before >= 0) {
        best[before] = lookUp(before);
      }
    }
  }

  private void join(int left) {
    int right = links[left];
    link(left, links[right]);
    ids[left] = (int) best[left];
    best[right] = NONE;
    if (right == cursor) {
      cursor = left;
    }
  }

  private void mergeLong() {
    while (findLimit()) {
      if (sweeps) {
        sweep();
      } else {
        for (int node = 0; node < length; node = links[node]) {
          if (order(best[node]) <= limit) {
            queue.append(key(node));
          }
        }
        joinQueued();
      }
    }
  }

  /**
   * Finds an order up to which the queue holds all pairs, or, if there are too many of the lowest
   * order, that order.
   *
   * @return false if there are no pairs
   */
  private boolean findLimit() {
    long low = NO_ORDER;
    long high = Integer.MIN_VALUE;
    int candidates = 0;
    for (int node = 0; node < length; node = links[node]) {
      if (best[node] != NONE) {
        int order = order(best[node]);
        low = Math.min(low, order);
        high = Math.max(high, order);
        candidates++;
      }
    }
    sweeps = false;
    limit = NO_ORDER - 1;
    if (candidates <= maxQueue) {
      return candidates > 0;
    }
    while (candidates > maxQueue && low < high) {
      long width = (high - low) / BUCKETS + 1;
      int[] buckets = countByOrder(low, high, width);
      int sum = 0;
      int n = 0;
      while (n < BUCKETS && sum + buckets[n] <= maxQueue) {
        sum += buckets[n++];
      }
      // If not even the first bucket fits, look into it.
      high = low + Math.max(1, n) * width - 1;
      candidates = n > 0 ? sum : buckets[0];
    }
    sweeps = candidates > maxQueue;
    limit = (int) high;
    return true;
  }

  private int[] countByOrder(long low, long high, long width) {
    int[] buckets = new int[BUCKETS];
    for (int node = 0; node < length; node = links[node]) {
      int order = order(best[node]);
      if (order <= high && best[node] != NONE) {
        buckets[(int) ((order - low) / width)]++;
      }
    }
    return buckets;
  }

  private void joinQueued() {
    while (!queue.isEmpty()) {
      joinOne(queue.take());
    }
  }

  private void joinOne(long key) {
    int node = (int) key;
    // An entry is stale when its node was joined to another, or now has another pair.
    if (best[node] == NONE || order(best[node]) != order(key)) {
      return;
    }
    join(node);
    renew(node);
    int before = previous(node);
    if (before >= 0) {
      renew(before);
    }
  }

  private void renew(int node) {
    best[node] = lookUp(node);
    if (order(best[node]) <= limit) {
      queue.add(key(node));
    }
  }

  /** Joins the pairs of one order from left to right, and what that makes possible before. */
  private void sweep() {
    for (cursor = 0; cursor < length; cursor = links[cursor]) {
      if (order(best[cursor]) == limit) {
        queue.add(key(cursor));
      }
      while (!queue.isEmpty() && queue.first() <= ((long) limit << 32 | cursor)) {
        joinOne(queue.take());
      }
    }
  }

  /** Queue order: the pair's order, then the leftmost. */
  private long key(int node) {
    return best[node] >> 32 << 32 | node;
  }
}
