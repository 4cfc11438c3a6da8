package org.ggml4j.grammar;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where in a grammar a text is: everything that matters for how it may go on. Immutable, so that
 * branches of a text share it for free; thread-safe. It takes text in whole or in parts, down to
 * single bytes of UTF-8.
 *
 * <p>States are equal if the same ways through the grammar lie ahead of them.
 */
public final class GrammarState {
  /** Where a text is: nodes that read, ascending, and for each the stacks to return to. */
  @SuppressWarnings("ArrayRecordComponent") // compared by the state around it
  record Key(int[] nodes, StackSet[] stacks, boolean accepting) {}

  final Automaton automaton;
  final int[] nodes;
  final StackSet[] stacks;
  private final boolean accepting;
  private final int hash;

  /** Per class of bytes the state behind it, as far as known; threads may see it late. */
  @Nullable GrammarState @Nullable [] next;

  /** The characters that lead to one next state, if they were asked for. */
  @Nullable Run run;

  GrammarState(Automaton automaton, Key key) {
    this.automaton = automaton;
    this.nodes = key.nodes;
    this.stacks = key.stacks;
    this.accepting = key.accepting;
    int h = accepting ? 1 : 0;
    for (int i = 0; i < nodes.length; i++) {
      h = 31 * (31 * h + nodes[i]) + stacks[i].hashCode();
    }
    this.hash = h;
  }

  /** Whether the text may end here. */
  public boolean isAccepting() {
    return accepting;
  }

  /** Whether the text does not fit: it may neither end nor go on. */
  public boolean isDead() {
    return nodes.length == 0 && !accepting;
  }

  /**
   * The state after more text; a dead one if it does not fit. A lone surrogate never fits.
   *
   * @throws GrammarException if the grammar is too ambiguous for this text
   */
  public GrammarState accept(CharSequence text) {
    String s = text.toString();
    int bad = firstLoneSurrogate(s);
    if (bad >= 0) {
      return automaton.dead();
    }
    return accept(s.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The state after more bytes, which may break off inside a character; a dead one if they do not
   * fit.
   *
   * @throws GrammarException if the grammar is too ambiguous for this text
   */
  public GrammarState accept(byte[] utf8) {
    GrammarState at = this;
    for (byte b : utf8) {
      at = automaton.step(at, b);
    }
    return at;
  }

  private static int firstLoneSurrogate(String s) {
    for (int i = 0; i < s.length(); i++) {
      if (Character.isSurrogate(s.charAt(i))) {
        if (!Character.isSupplementaryCodePoint(s.codePointAt(i))) {
          return i;
        }
        i++;
      }
    }
    return -1;
  }

  @Override
  public boolean equals(Object o) {
    if (this == o) {
      return true;
    }
    if (!(o instanceof GrammarState other)) {
      return false;
    }
    return hash == other.hash
        && automaton == other.automaton
        && accepting == other.accepting
        && Arrays.equals(nodes, other.nodes)
        && Arrays.equals(stacks, other.stacks);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    String end = accepting ? "may end" : isDead() ? "does not fit" : "unfinished";
    return "GrammarState[" + end + ", at " + nodes.length + " places]";
  }
}
