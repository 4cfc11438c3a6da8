package org.ggml4j.grammar;

import java.util.List;

/**
 * A grammar's rules as one graph over bytes: a recursive transition network (Woods, "Transition
 * network grammars for natural language analysis", 1970). A character of several bytes is a path of
 * as many nodes, so a text may break off inside one.
 *
 * @param source the grammar's text
 * @param kind per node what it is
 * @param a per node, see the kinds
 * @param b per node, see the kinds
 * @param targets where SPLIT nodes go on
 * @param edgeBytes per edge of BYTES nodes its first byte, and its last one shifted by 8
 * @param edgeTarget per edge where it leads
 * @param ruleStart per rule its first node
 * @param root the rule to begin with
 * @param tokens what TOKEN nodes read
 */
@SuppressWarnings("ArrayRecordComponent") // internal, never compared
record Network(
    Source source,
    int[] kind,
    int[] a,
    int[] b,
    int[] targets,
    int[] edgeBytes,
    int[] edgeTarget,
    int[] ruleStart,
    int root,
    List<Expr.Token> tokens) {

  /** The end of every rule; only node {@link #RETURN} is one. */
  static final int END = 0;

  /** Goes on at any of several nodes; a: index of the first in {@link #targets}, b: how many. */
  static final int SPLIT = 1;

  /** Reads a byte; a: index of its first edge, b: how many, sorted by their bytes. */
  static final int BYTES = 2;

  /** Enters rule a, and goes on at b behind it. */
  static final int CALL = 3;

  /** Reads the whole token a of {@link #tokens}, and goes on at b. */
  static final int TOKEN = 4;

  /** The node of kind {@link #END}. */
  static final int RETURN = 0;

  /** Where a byte leads from a BYTES node, or -1. */
  int next(int node, int unsignedByte) {
    for (int e = a[node]; e < a[node] + b[node]; e++) {
      int bytes = edgeBytes[e];
      if (unsignedByte <= bytes >> 8) {
        return unsignedByte >= (bytes & 0xFF) ? edgeTarget[e] : -1;
      }
    }
    return -1;
  }

  /**
   * Numbers bytes so that those with one number are treated alike everywhere in the grammar.
   *
   * @return 256 numbers, from 0 on without gaps
   */
  byte[] byteClasses() {
    boolean[] begins = new boolean[257];
    for (int bytes : edgeBytes) {
      begins[bytes & 0xFF] = true;
      begins[(bytes >> 8) + 1] = true;
    }
    byte[] classes = new byte[256];
    for (int i = 1; i < 256; i++) {
      classes[i] = (byte) (classes[i - 1] + (begins[i] ? 1 : 0));
    }
    return classes;
  }
}
