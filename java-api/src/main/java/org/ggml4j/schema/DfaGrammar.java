package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes an automaton as rules: a state that one edge leads to stands where that edge is, one that
 * several lead to gets a rule of its own. A text can be read in one way only, which keeps the
 * matcher fast.
 */
final class DfaGrammar {
  private static final int MAX_DEPTH = 12;

  private final Dfa dfa;
  private final Rules rules;
  private final CharWriter writer;
  private final String wish;
  private final int[] entries;
  private final Map<Integer, String> names = new HashMap<>();

  private DfaGrammar(Dfa dfa, Rules rules, CharWriter writer, String wish) {
    this.dfa = dfa;
    this.rules = rules;
    this.writer = writer;
    this.wish = wish;
    entries = new int[dfa.size()];
    entries[0] = 1;
    for (int s = 0; s < dfa.size(); s++) {
      for (Dfa.Edge e : dfa.edges(s)) {
        entries[e.to()] += e.to() == s ? 0 : 1;
      }
    }
  }

  /**
   * The expression of an automaton.
   *
   * @param wish what rules of their own shall be named like
   */
  static Expr of(Dfa dfa, Rules rules, CharWriter writer, String wish) {
    return dfa.isEmpty() ? Expr.never() : new DfaGrammar(dfa, rules, writer, wish).all();
  }

  private record Visit(int state, boolean done) {}

  /** Bottom up over the tree of edges that are the only ones to their states; not recursive. */
  private Expr all() {
    for (int s = 0; s < dfa.size(); s++) {
      if (entries[s] > 1 && !isEnd(s) && !isSmall(s)) {
        names.put(s, rules.newName(wish + "-" + (names.size() + 1)));
      }
    }
    Map<Integer, Expr> bodies = new HashMap<>();
    List<Integer> roots = new ArrayList<>(names.keySet());
    if (!names.containsKey(0)) {
      roots.add(0);
    }
    for (int root : roots) {
      List<Visit> stack = new ArrayList<>(List.of(new Visit(root, false)));
      while (!stack.isEmpty()) {
        Visit v = stack.remove(stack.size() - 1);
        if (bodies.containsKey(v.state)) {
          continue;
        }
        if (v.done) {
          bodies.put(v.state, body(v.state, bodies));
        } else {
          stack.add(new Visit(v.state, true));
          for (Dfa.Edge e : dfa.edges(v.state)) {
            if (isInline(v.state, e)) {
              stack.add(new Visit(e.to(), false));
            }
          }
        }
      }
    }
    names.forEach((state, name) -> rules.define(name, known(bodies, state)));
    return names.containsKey(0) ? new Expr.Ref(known(names, 0)) : known(bodies, 0);
  }

  /** Whether a state reads nothing but some number of characters of one set. */
  private boolean isSmall(int state) {
    List<Dfa.Edge> edges = dfa.edges(state);
    for (int i = 0; i < dfa.size() && edges.size() == 1; i++) {
      Dfa.Edge edge = edges.get(0);
      List<Dfa.Edge> next = dfa.edges(edge.to());
      if (next.isEmpty() || next.equals(edges)) {
        return true;
      }
      if (next.size() != 1 || !next.get(0).on().equals(edge.on())) {
        return false;
      }
      edges = next;
    }
    return false;
  }

  private boolean isEnd(int state) {
    return dfa.isAccepting(state) && dfa.edges(state).isEmpty();
  }

  private boolean isInline(int from, Dfa.Edge e) {
    return e.to() != from && !names.containsKey(e.to()) && !isEnd(e.to());
  }

  private Expr body(int state, Map<Integer, Expr> bodies) {
    for (Dfa.Edge e : dfa.edges(state)) {
      int count = chain(state, e);
      if (count > 0) {
        Expr on = Expr.repeat(writer.write(e.on()), 0, count);
        return Expr.seq(on, body(state, without(dfa.edges(state), e), bodies));
      }
    }
    return body(state, dfa.edges(state), bodies);
  }

  /**
   * How often an edge can be taken on and on before what else there is at the state, which must be
   * the same each time: the digits of a number before its point. 0 if it is not like that.
   */
  private int chain(int state, Dfa.Edge edge) {
    List<Dfa.Edge> others = without(dfa.edges(state), edge);
    Dfa.Edge next = edge;
    for (int count = 1; count <= Math.min(dfa.size(), Rules.MAX_COUNT); count++) {
      int at = next.to();
      if (at == state || dfa.isAccepting(at) != dfa.isAccepting(state)) {
        return 0;
      }
      if (dfa.edges(at).equals(others)) {
        return count;
      }
      Optional<Dfa.Edge> more =
          dfa.edges(at).stream().filter(e -> e.on().equals(edge.on())).findFirst();
      if (more.isEmpty() || !without(dfa.edges(at), more.get()).equals(others)) {
        return 0;
      }
      next = more.get();
    }
    return 0;
  }

  private static List<Dfa.Edge> without(List<Dfa.Edge> edges, Dfa.Edge edge) {
    return edges.stream().filter(e -> !e.equals(edge)).toList();
  }

  private Expr body(int state, List<Dfa.Edge> edges, Map<Integer, Expr> bodies) {
    Expr loop = Expr.empty();
    List<Expr> options = new ArrayList<>();
    for (Dfa.Edge e : edges) {
      Expr on = writer.write(e.on());
      if (e.to() == state) {
        loop = Expr.repeat(on, 0, Expr.UNLIMITED);
      } else if (isEnd(e.to())) {
        options.add(on);
      } else {
        String name = names.get(e.to());
        Expr rest = name != null ? new Expr.Ref(name) : known(bodies, e.to());
        options.add(Expr.seq(on, rest.depth() > MAX_DEPTH ? rules.named(wish, rest) : rest));
      }
    }
    if (dfa.isAccepting(state)) {
      options.add(Expr.empty());
    }
    return Expr.seq(loop, Expr.alt(options));
  }

  private static <T> T known(Map<Integer, T> of, int state) {
    T value = of.get(state);
    if (value == null) {
      throw new IllegalStateException("state " + state + " was not reached");
    }
    return value;
  }
}
