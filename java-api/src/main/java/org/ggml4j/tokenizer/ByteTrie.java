package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * Byte strings with a number each, walked byte by byte: which of them begin here?
 *
 * <p>Nodes are numbered from 0, the root; an edge is an entry of one hash table. Filled once, then
 * only read.
 */
final class ByteTrie {
  /** No node, or no number. */
  static final int NONE = -1;

  private static final int MAX_NODES = 1 << 23;

  private final int[] root = new int[256];
  // Node and byte in the upper half, the child in the lower; -1: free.
  private long[] edges = new long[1 << 10];
  private int[] values = new int[1 << 8];
  private int nodes = 1;

  ByteTrie() {
    Arrays.fill(edges, -1);
    Arrays.fill(root, NONE);
    values[0] = NONE;
  }

  /** Enters a string; a number given to an equal one is replaced. */
  void put(byte[] s, int from, int to, int value) {
    int node = 0;
    for (int p = from; p < to; p++) {
      int child = child(node, s[p]);
      node = child == NONE ? grow(node, s[p]) : child;
    }
    values[node] = value;
  }

  /** The node after one more byte, or {@link #NONE}. */
  int child(int node, byte b) {
    if (node == 0) {
      return root[b & 0xFF];
    }
    int key = node << 8 | (b & 0xFF);
    int slot = slot(key);
    while (edges[slot] >= 0) {
      if ((int) (edges[slot] >>> 32) == key) {
        return (int) edges[slot];
      }
      slot = slot + 1 & edges.length - 1;
    }
    return NONE;
  }

  /** The number of the string that ends at a node, or {@link #NONE}. */
  int value(int node) {
    return values[node];
  }

  /** How many bytes from a position on some string begins with, whether or not one ends there. */
  int reach(byte[] s, int from, int to) {
    int node = 0;
    int p = from;
    while (p < to && (node = child(node, s[p])) != NONE) {
      p++;
    }
    return p - from;
  }

  private int slot(int key) {
    return (int) (key * 0x9E37_79B9_7F4A_7C15L >>> 40) & edges.length - 1;
  }

  private int grow(int node, byte b) {
    if (nodes == MAX_NODES) {
      throw new IllegalArgumentException(
          "a vocabulary with more than " + MAX_NODES + " different beginnings of tokens");
    }
    int child = nodes++;
    if (child == values.length) {
      values = Arrays.copyOf(values, 2 * child);
    }
    values[child] = NONE;
    if (node == 0) {
      root[b & 0xFF] = child;
    } else {
      if (2L * child > edges.length) {
        rehash();
      }
      enter((long) (node << 8 | (b & 0xFF)) << 32 | child);
    }
    return child;
  }

  private void enter(long edge) {
    int slot = slot((int) (edge >>> 32));
    while (edges[slot] >= 0) {
      slot = slot + 1 & edges.length - 1;
    }
    edges[slot] = edge;
  }

  private void rehash() {
    long[] old = edges;
    edges = new long[2 * old.length];
    Arrays.fill(edges, -1);
    for (long edge : old) {
      if (edge >= 0) {
        enter(edge);
      }
    }
  }
}
