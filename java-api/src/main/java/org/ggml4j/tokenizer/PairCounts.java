package org.ggml4j.tokenizer;

import java.util.Arrays;

/** How often each pair of neighbouring tokens occurs, and in which words it may be found. */
final class PairCounts {
  private long[] keys = new long[1 << 12];
  private int[] index = new int[1 << 12];
  private long[] pairs = new long[1 << 10];
  private long[] counts = new long[1 << 10];
  private int[][] words = new int[1 << 10][];
  private int[] wordCounts = new int[1 << 10];
  private int size;

  PairCounts() {
    Arrays.fill(index, -1);
  }

  int size() {
    return size;
  }

  long pair(int i) {
    return pairs[i];
  }

  long count(int i) {
    return counts[i];
  }

  /** Number of a pair, new if it was not there. */
  int of(int left, int right) {
    long key = PairMap.key(left, right);
    int slot = slot(key);
    if (index[slot] < 0) {
      keys[slot] = key;
      index[slot] = append(key);
      if (size > index.length >> 1) {
        rehash();
      }
      return size - 1;
    }
    return index[slot];
  }

  void change(int i, long by) {
    counts[i] += by;
  }

  /** Notes that a pair occurs in a word; words are visited one after another. */
  void foundIn(int i, int word) {
    int n = wordCounts[i];
    if (n > 0 && words[i][n - 1] == word) {
      return;
    }
    if (n == words[i].length) {
      words[i] = Arrays.copyOf(words[i], Math.max(4, n * 2));
    }
    words[i][n] = word;
    wordCounts[i]++;
  }

  /** The words in which a pair was ever found; gives them up. */
  int[] takeWords(int i) {
    int[] found = Arrays.copyOf(words[i], wordCounts[i]);
    words[i] = new int[0];
    wordCounts[i] = 0;
    return found;
  }

  private int append(long key) {
    if (size == pairs.length) {
      pairs = Arrays.copyOf(pairs, size * 2);
      counts = Arrays.copyOf(counts, size * 2);
      words = Arrays.copyOf(words, size * 2);
      wordCounts = Arrays.copyOf(wordCounts, size * 2);
    }
    pairs[size] = key;
    words[size] = new int[0];
    return size++;
  }

  private int slot(long key) {
    int slot = (int) ((key * 0x9E37_79B9_7F4A_7C15L) >>> 32) & index.length - 1;
    while (index[slot] >= 0 && keys[slot] != key) {
      slot = slot + 1 & index.length - 1;
    }
    return slot;
  }

  private void rehash() {
    keys = new long[keys.length * 2];
    index = new int[keys.length];
    Arrays.fill(index, -1);
    for (int i = 0; i < size; i++) {
      int slot = slot(pairs[i]);
      keys[slot] = pairs[i];
      index[slot] = i;
    }
  }
}
