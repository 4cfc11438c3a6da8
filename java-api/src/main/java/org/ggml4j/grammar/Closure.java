package org.ggml4j.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The nodes that a text can be at, found from some of them by going as far as possible without
 * reading. Rules that are entered on the way have one {@link Call} each, however many places enter
 * them, so that the work is polynomial also for ambiguous grammars (Scott and Johnstone, "GLL
 * parsing", 2010).
 */
final class Closure {
  /** Node and context pairs that one byte may lead to. */
  static final int MAX_ITEMS = 1 << 20;

  /** Where to go on when the rule that a node belongs to ends. */
  sealed interface Context permits StackSet, Call {}

  /** A rule that was entered since the last byte, with all places that entered it. */
  static final class Call implements Context {
    private final List<Return> returns = new ArrayList<>();
    private final Set<Return> known = new HashSet<>();
    private boolean ended;
    private StackSet stacks = Stacks.NONE;
    private boolean isDone;
  }

  private record Return(int node, Context context) {}

  private record Item(int node, Context context) {}

  private final Network network;
  private final Stacks stacks;
  private final Set<Item> seen = new HashSet<>();
  private final Deque<Item> todo = new ArrayDeque<>();
  private final List<Item> reading = new ArrayList<>();
  private final Map<Integer, Call> calls = new HashMap<>();
  private boolean accepting;

  Closure(Network network, Stacks stacks) {
    this.network = network;
    this.stacks = stacks;
  }

  /** Starts over. */
  void begin() {
    seen.clear();
    todo.clear();
    reading.clear();
    calls.clear();
    accepting = false;
    stacks.beginStep();
  }

  /** Adds a node that the text is at. */
  void add(int node, Context context) {
    Item item = new Item(node, context);
    if (seen.add(item)) {
      if (seen.size() > MAX_ITEMS) {
        throw Stacks.tooAmbiguous(network.source());
      }
      todo.add(item);
    }
  }

  /** The state of a text that is at the nodes that were added. */
  GrammarState.Key finish() {
    for (Item item = todo.poll(); item != null; item = todo.poll()) {
      follow(item);
    }
    TreeMap<Integer, StackSet> at = new TreeMap<>();
    for (Item item : reading) {
      at.merge(item.node, stacksOf(item.context), stacks::union);
    }
    int[] nodes = new int[at.size()];
    StackSet[] sets = new StackSet[nodes.length];
    int n = 0;
    for (Map.Entry<Integer, StackSet> e : at.entrySet()) {
      nodes[n] = e.getKey();
      sets[n++] = e.getValue();
    }
    return new GrammarState.Key(nodes, sets, accepting);
  }

  private void follow(Item item) {
    int node = item.node;
    switch (network.kind()[node]) {
      case Network.BYTES, Network.TOKEN -> reading.add(item);
      case Network.SPLIT -> {
        int first = network.a()[node];
        for (int i = first; i < first + network.b()[node]; i++) {
          add(network.targets()[i], item.context);
        }
      }
      case Network.CALL -> enter(network.a()[node], new Return(network.b()[node], item.context));
      default -> leave(item.context);
    }
  }

  private void enter(int rule, Return to) {
    Call call = calls.computeIfAbsent(rule, r -> new Call());
    if (call.known.add(to)) {
      call.returns.add(to);
      add(network.ruleStart()[rule], call);
      if (call.ended) {
        add(to.node, to.context);
      }
    }
  }

  private void leave(Context context) {
    if (context instanceof StackSet set) {
      accepting |= set.hasEmpty;
      for (int i = 0; i < set.nodes.length; i++) {
        add(set.nodes[i], set.below[i]);
      }
    } else {
      Call call = (Call) context;
      call.ended = true;
      call.returns.forEach(to -> add(to.node, to.context));
    }
  }

  // The depth is that of rules beginning with one another, which is limited.
  private StackSet stacksOf(Context context) {
    if (context instanceof StackSet set) {
      return set;
    }
    Call call = (Call) context;
    if (!call.isDone) {
      StackSet set = Stacks.NONE;
      for (Return to : call.returns) {
        StackSet below = stacksOf(to.context);
        // A rule at the very end of another returns to where that one does, so that lists written
        // as right recursion need no stack.
        set = stacks.union(set, to.node == Network.RETURN ? below : stacks.push(to.node, below));
      }
      call.stacks = set;
      call.isDone = true;
    }
    return call.stacks;
  }
}
