package org.ggml4j.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.grammar.CodePoints.Range;

/**
 * Characters as edges over the bytes of UTF-8: only well-formed sequences (Unicode, table 3-7),
 * with common ends of a set's sequences shared.
 */
final class Utf8Edges {
  private static final int CONTINUATION = 0x80;

  private final NetworkBuilder nodes;
  private final IntList bytes = new IntList();
  private final IntList targets = new IntList();

  Utf8Edges(NetworkBuilder nodes) {
    this.nodes = nodes;
  }

  int[] bytes() {
    return bytes.toArray();
  }

  int[] targets() {
    return targets.toArray();
  }

  /** The first node of what reads these characters. */
  int literal(String text, int next) {
    byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    int at = next;
    for (int i = utf8.length - 1; i >= 0; i--) {
      List<Edge> one = new ArrayList<>();
      one.add(new Edge(utf8[i] & 0xFF, utf8[i] & 0xFF, at));
      at = node(one);
    }
    return at;
  }

  /** The first node of what reads one character of a set. */
  int character(CodePoints set, int next) {
    Map<Tail, Integer> shared = new HashMap<>();
    List<Edge> edges = new ArrayList<>();
    for (Range r : between(set.ranges(), 0, 0x7F)) {
      append(edges, r.first(), r.last(), next);
    }
    lead(edges, between(set.ranges(), 0x80, 0x7FF), 0xC0, 1, next, shared);
    lead(edges, between(set.ranges(), 0x800, 0xFFFF), 0xE0, 2, next, shared);
    lead(edges, between(set.ranges(), 0x10000, CodePoints.MAX), 0xF0, 3, next, shared);
    return node(edges);
  }

  private record Edge(int first, int last, int target) {}

  /**
   * The last bytes of characters: how many, the values that they may have together, what follows.
   */
  private record Tail(int length, List<Range> values, int next) {}

  /** Adds an edge for each leading byte of values that have {@code tail} more bytes. */
  private void lead(
      List<Edge> edges,
      List<Range> values,
      int base,
      int tail,
      int next,
      Map<Tail, Integer> shared) {
    int size = 1 << 6 * tail;
    int done = -1;
    for (Range r : values) {
      for (int v = Math.max(done + 1, r.first() / size); v <= r.last() / size; v++) {
        List<Range> rest = new ArrayList<>();
        for (Range part : between(values, v * size, v * size + size - 1)) {
          rest.add(new Range(part.first() - v * size, part.last() - v * size));
        }
        append(edges, base + v, base + v, tail(new Tail(tail, rest, next), shared));
        done = v;
      }
    }
  }

  private int tail(Tail tail, Map<Tail, Integer> shared) {
    Integer known = shared.get(tail);
    if (known != null) {
      return known;
    }
    List<Edge> edges = new ArrayList<>();
    if (tail.length == 1) {
      for (Range r : tail.values) {
        append(edges, CONTINUATION + r.first(), CONTINUATION + r.last(), tail.next);
      }
    } else {
      lead(edges, tail.values, CONTINUATION, tail.length - 1, tail.next, shared);
    }
    int made = node(edges);
    shared.put(tail, made);
    return made;
  }

  private static List<Range> between(List<Range> ranges, int first, int last) {
    List<Range> found = new ArrayList<>();
    for (Range r : ranges) {
      if (r.first() <= last && r.last() >= first) {
        found.add(new Range(Math.max(first, r.first()), Math.min(last, r.last())));
      }
    }
    return found;
  }

  private static void append(List<Edge> edges, int first, int last, int target) {
    int n = edges.size();
    if (n > 0 && edges.get(n - 1).target == target && edges.get(n - 1).last == first - 1) {
      edges.set(n - 1, new Edge(edges.get(n - 1).first, last, target));
    } else {
      edges.add(new Edge(first, last, target));
    }
  }

  private int node(List<Edge> edges) {
    int first = bytes.size();
    for (Edge e : edges) {
      bytes.add(e.first | e.last << 8);
      targets.add(e.target);
    }
    return nodes.node(Network.BYTES, first, edges.size());
  }
}
