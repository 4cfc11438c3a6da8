package org.ggml4j.decode;

import java.util.Arrays;
import java.util.Objects;

/**
 * A growing text that knows where its own end has occurred before.
 *
 * <p>Hash chains, as the match finders of LZ77 compressors have them (RFC 1951, section 4): a table
 * from the hash of n tokens to the last place where they stood, and for each place the one before.
 * Appending costs a constant time and looking up walks a bounded part of two chains, one of long
 * and one of short n-grams. Arrays of int only; nothing is allocated but when they grow.
 */
final class NgramIndex {
  /** Tokens of a match that are compared at most; a longer one is as good as this. */
  static final int MAX_MATCH = 256;

  private static final int MAX_STEPS = 32;
  private static final int FIRST_CAPACITY = 1 << 10;

  private final Chains shorter;
  private final Chains longer;
  private int[] tokens = new int[FIRST_CAPACITY];
  private int size;
  private int matchEnd;
  private int matchLength;
  private int agreeing;
  private int disagreeing;

  /**
   * @param shortest tokens that must match at least
   * @param preferred tokens of the chain that is looked at first; at least {@code shortest}
   */
  NgramIndex(int shortest, int preferred) {
    shorter = new Chains(shortest);
    longer = new Chains(preferred);
  }

  int size() {
    return size;
  }

  int get(int index) {
    return tokens[Objects.checkIndex(index, size)];
  }

  /** Appends a token. */
  void add(int token) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
      shorter.rebuild();
      longer.rebuild();
    }
    // The n tokens before it have a continuation from now on: this one.
    shorter.insert(size);
    longer.insert(size);
    tokens[size++] = token;
  }

  /** Forgets all but the first tokens. */
  void truncate(int newSize) {
    Objects.checkIndex(newSize, size + 1);
    while (size > newSize) {
      size--;
      shorter.remove(size);
      longer.remove(size);
    }
  }

  /**
   * Looks for the longest earlier place where the text's last tokens stood, the latest of several;
   * among the places that the two chains name first.
   *
   * @return whether there is one of at least the shortest length; {@link #matchEnd()} and {@link
   *     #matchLength()} and the others then describe it
   */
  boolean find() {
    matchEnd = 0;
    matchLength = 0;
    return longer.search() || shorter.search();
  }

  /** Index of the token that followed the match; never 0. */
  int matchEnd() {
    return matchEnd;
  }

  /** How many tokens match. */
  int matchLength() {
    return matchLength;
  }

  /** At how many other places like it the same token followed. */
  int agreeing() {
    return agreeing;
  }

  /** At how many other places like it, at least half as long, another token followed. */
  int disagreeing() {
    return disagreeing;
  }

  /** How many tokens before {@code end} equal the text's last ones. */
  private int lengthOf(int end) {
    int max = Math.min(end, MAX_MATCH);
    int n = 0;
    while (n < max && tokens[end - 1 - n] == tokens[size - 1 - n]) {
      n++;
    }
    return n;
  }

  /** The places of n-grams of one length, named by the index of the token after them. */
  private final class Chains {
    private final int n;
    private int[] head = new int[FIRST_CAPACITY];
    private int[] previous = new int[FIRST_CAPACITY];

    Chains(int n) {
      this.n = n;
    }

    private int bucket(int end) {
      int hash = 0;
      for (int i = end - n; i < end; i++) {
        hash = (hash + tokens[i]) * 0x9E3779B1; // 2^32 over the golden ratio (Knuth)
        hash ^= hash >>> 15;
      }
      return hash & (head.length - 1);
    }

    void insert(int end) {
      if (end >= n) {
        int b = bucket(end);
        previous[end] = head[b];
        head[b] = end;
      }
    }

    /** Takes out the place that was inserted last. */
    void remove(int end) {
      if (end >= n) {
        head[bucket(end)] = previous[end];
      }
    }

    void rebuild() {
      head = new int[tokens.length];
      previous = new int[tokens.length];
      for (int end = n; end < size; end++) {
        insert(end);
      }
    }

    boolean search() {
      if (size < n) {
        return false;
      }
      int end = head[bucket(size)];
      for (int step = 0; end > 0 && step < MAX_STEPS && matchLength < MAX_MATCH; step++) {
        int length = lengthOf(end);
        if (length >= n && length > matchLength) { // else another n-gram of the same hash
          matchLength = length;
          matchEnd = end;
        }
        end = previous[end];
      }
      count();
      return matchLength > 0;
    }

    private void count() {
      agreeing = 0;
      disagreeing = 0;
      int alike = Math.max(n, matchLength / 2);
      int end = matchLength == 0 ? 0 : head[bucket(size)];
      for (int step = 0; end > 0 && step < MAX_STEPS; step++) {
        if (end != matchEnd && lengthOf(end) >= alike) {
          if (tokens[end] == tokens[matchEnd]) {
            agreeing++;
          } else {
            disagreeing++;
          }
        }
        end = previous[end];
      }
    }
  }
}
