package org.ggml4j.grammar;

import java.util.Arrays;

/**
 * A set of stacks of nodes to return to, as a graph in which stacks share what lies below a node
 * (Tomita's graph-structured stack, 1987). Immutable; {@link Stacks} makes them, equal ones as the
 * same object.
 */
final class StackSet implements Closure.Context {
  /** Whether the empty stack is one of them. */
  final boolean hasEmpty;

  /** The topmost nodes, ascending, each once. */
  final int[] nodes;

  /** For each of them what lies below. */
  final StackSet[] below;

  private final int hash;

  StackSet(boolean hasEmpty, int[] nodes, StackSet[] below) {
    this.hasEmpty = hasEmpty;
    this.nodes = nodes;
    this.below = below;
    int h = hasEmpty ? 1 : 0;
    for (int i = 0; i < nodes.length; i++) {
      h = 31 * (31 * h + nodes[i]) + below[i].hash;
    }
    this.hash = h;
  }

  /** Compares the topmost nodes; what lies below must be the same objects. */
  @Override
  @SuppressWarnings("ReferenceEquality")
  public boolean equals(Object o) {
    if (this == o) {
      return true;
    }
    if (!(o instanceof StackSet other)) {
      return false;
    }
    boolean same = hash == other.hash && hasEmpty == other.hasEmpty;
    same &= Arrays.equals(nodes, other.nodes);
    for (int i = 0; same && i < below.length; i++) {
      same = below[i] == other.below[i];
    }
    return same;
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
