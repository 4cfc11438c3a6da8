package org.ggml4j.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A grammar's states and the bytes that lead from one to the next, each found when it is first
 * needed (as in a lazily built DFA) and remembered, within bounds. Thread-safe.
 */
final class Automaton {
  /** When as much is remembered, all of it is forgotten: about 50 MB. */
  static final int MAX_REMEMBERED = 4 << 20;

  private final Network network;
  private final byte[] classOf;
  private final int nClasses;
  private final Stacks stacks;
  private final Closure closure;
  private final int limit;
  private final Map<GrammarState, GrammarState> states = new HashMap<>();
  private final GrammarState dead;
  private final GrammarState start;
  private int remembered;

  Automaton(Network network) {
    this(network, MAX_REMEMBERED);
  }

  Automaton(Network network, int limit) {
    this.network = network;
    this.limit = limit;
    this.classOf = network.byteClasses();
    this.nClasses = (classOf[255] & 0xFF) + 1;
    this.stacks = new Stacks(network.source());
    this.closure = new Closure(network, stacks);
    this.dead = new GrammarState(this, new GrammarState.Key(new int[0], new StackSet[0], false));
    closure.begin();
    closure.add(network.ruleStart()[network.root()], Stacks.EMPTY);
    this.start = intern(closure.finish());
  }

  Network network() {
    return network;
  }

  /** The state of the empty text. */
  GrammarState start() {
    return start;
  }

  /** The state of a text that does not fit. */
  GrammarState dead() {
    return dead;
  }

  /** Per byte its class; {@link GrammarState#next} is indexed by them. */
  byte[] classOf() {
    return classOf;
  }

  /** The state behind a byte. */
  GrammarState step(GrammarState from, byte b) {
    @Nullable GrammarState @Nullable [] known = from.next;
    GrammarState to = known == null ? null : known[classOf[b & 0xFF] & 0xFF];
    return to == null ? find(from, b) : to;
  }

  /** The state in which a text has ended: it may not go on. */
  GrammarState ended() {
    return new GrammarState(this, new GrammarState.Key(new int[0], new StackSet[0], true));
  }

  /** What a state's token nodes read, as indices into {@link Network#tokens}. */
  int[] tokens(GrammarState state) {
    return Arrays.stream(state.nodes)
        .filter(node -> network.kind()[node] == Network.TOKEN)
        .map(node -> network.a()[node])
        .toArray();
  }

  /** The state behind a token that fits some of the grammar's token references. */
  synchronized GrammarState step(GrammarState from, IntPredicate fits) {
    closure.begin();
    for (int i = 0; i < from.nodes.length; i++) {
      int node = from.nodes[i];
      if (network.kind()[node] == Network.TOKEN && fits.test(network.a()[node])) {
        closure.add(network.b()[node], from.stacks[i]);
      }
    }
    return intern(closure.finish());
  }

  /** The state of a text that may be read in the ways of both. */
  synchronized GrammarState union(GrammarState x, GrammarState y) {
    if (x.isDead() || y.isDead()) {
      return x.isDead() ? y : x;
    }
    closure.begin();
    for (GrammarState state : List.of(x, y)) {
      for (int i = 0; i < state.nodes.length; i++) {
        closure.add(state.nodes[i], state.stacks[i]);
      }
      if (state.isAccepting()) {
        closure.add(Network.RETURN, Stacks.EMPTY);
      }
    }
    return intern(closure.finish());
  }

  private synchronized GrammarState find(GrammarState from, byte b) {
    if (from.equals(dead)) {
      return dead;
    }
    closure.begin();
    for (int i = 0; i < from.nodes.length; i++) {
      int node = from.nodes[i];
      if (network.kind()[node] == Network.BYTES) {
        int target = network.next(node, b & 0xFF);
        if (target >= 0) {
          closure.add(target, from.stacks[i]);
        }
      }
    }
    GrammarState to = intern(closure.finish());
    @Nullable GrammarState @Nullable [] next = from.next;
    if (next == null) {
      next = new GrammarState[nClasses];
      from.next = next;
      remembered += nClasses;
    }
    next[classOf[b & 0xFF] & 0xFF] = to;
    return to;
  }

  private GrammarState intern(GrammarState.Key key) {
    if (key.nodes().length == 0 && !key.accepting()) {
      return dead;
    }
    if (remembered + 16L * stacks.size() > limit) {
      forget();
    }
    GrammarState made = new GrammarState(this, key);
    GrammarState before = states.putIfAbsent(made, made);
    if (before != null) {
      return before;
    }
    remembered += 16 + 2 * made.nodes.length;
    return made;
  }

  private void forget() {
    for (GrammarState state : states.keySet()) {
      state.next = null;
      state.run = null;
    }
    states.clear();
    stacks.forget();
    remembered = 0;
  }
}
