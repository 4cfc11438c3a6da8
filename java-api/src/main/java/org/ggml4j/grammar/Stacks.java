package org.ggml4j.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Makes {@link StackSet}s and remembers them. Not thread-safe. */
final class Stacks {
  /** Unions within unions: only very ambiguous grammars come near. */
  static final int MAX_DEPTH = 2000;

  /** Unions that one byte may take. */
  static final int MAX_UNIONS = 1 << 16;

  /** No stack at all. */
  static final StackSet NONE = new StackSet(false, new int[0], new StackSet[0]);

  /** The empty stack. */
  static final StackSet EMPTY = new StackSet(true, new int[0], new StackSet[0]);

  private record Pair(StackSet a, StackSet b) {}

  private final Source source;
  private final Map<StackSet, StackSet> known = new HashMap<>();
  private final Map<Pair, StackSet> unions = new HashMap<>();
  private int unionsLeft;

  Stacks(Source source) {
    this.source = source;
    forget();
  }

  /** Forgets what it made; that stays valid. */
  void forget() {
    known.clear();
    unions.clear();
    known.put(NONE, NONE);
    known.put(EMPTY, EMPTY);
  }

  /** How much is remembered. */
  int size() {
    return known.size() + unions.size();
  }

  /** Begins the work for another byte. */
  void beginStep() {
    unionsLeft = MAX_UNIONS;
  }

  /** The stacks of {@code below} with a node on top. */
  StackSet push(int node, StackSet below) {
    return intern(new StackSet(false, new int[] {node}, new StackSet[] {below}));
  }

  /**
   * The stacks of both.
   *
   * @throws GrammarException if that takes more work than any sensible grammar needs
   */
  StackSet union(StackSet a, StackSet b) {
    return union(a, b, 0);
  }

  private StackSet union(StackSet a, StackSet b, int depth) {
    if (a.equals(b) || b.equals(NONE)) {
      return a;
    }
    if (a.equals(NONE)) {
      return b;
    }
    Pair pair = a.hashCode() <= b.hashCode() ? new Pair(a, b) : new Pair(b, a);
    StackSet done = unions.get(pair);
    if (done != null) {
      return done;
    }
    if (depth > MAX_DEPTH || --unionsLeft < 0) {
      throw tooAmbiguous(source);
    }
    int[] nodes = new int[a.nodes.length + b.nodes.length];
    StackSet[] below = new StackSet[nodes.length];
    int n = 0;
    int i = 0;
    int j = 0;
    while (i < a.nodes.length || j < b.nodes.length) {
      int fromA = i < a.nodes.length ? a.nodes[i] : Integer.MAX_VALUE;
      int fromB = j < b.nodes.length ? b.nodes[j] : Integer.MAX_VALUE;
      nodes[n] = Math.min(fromA, fromB);
      if (fromA == fromB) {
        below[n++] = union(a.below[i++], b.below[j++], depth + 1);
      } else {
        below[n++] = fromA < fromB ? a.below[i++] : b.below[j++];
      }
    }
    StackSet made =
        intern(
            new StackSet(
                a.hasEmpty || b.hasEmpty, Arrays.copyOf(nodes, n), Arrays.copyOf(below, n)));
    unions.put(pair, made);
    return made;
  }

  private StackSet intern(StackSet made) {
    StackSet before = known.putIfAbsent(made, made);
    return before == null ? made : before;
  }

  static GrammarException tooAmbiguous(Source source) {
    return source.error(
        0,
        "this grammar can read what was written so far in too many ways; make it less ambiguous");
  }
}
