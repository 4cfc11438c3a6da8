package org.ggml4j.schema;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/**
 * A deterministic finite automaton over characters: a set of texts that can be intersected with and
 * taken from others. State 0 is the start; an edge that is missing leads nowhere. Always minimal,
 * without states that lead nowhere.
 */
final class Dfa {
  static final int MAX_STATES = 5000;

  /** Where some characters lead. */
  record Edge(CodePointSet on, int to) {}

  /** No text. */
  static final Dfa NOTHING = new Dfa(List.of(List.of()), List.of(false));

  private final List<List<Edge>> edges;
  private final List<Boolean> accepting;

  private Dfa(List<List<Edge>> edges, List<Boolean> accepting) {
    this.edges = edges;
    this.accepting = accepting;
  }

  int size() {
    return edges.size();
  }

  /** Edges of a state, their sets disjoint and their targets different. */
  List<Edge> edges(int state) {
    return edges.get(state);
  }

  boolean isAccepting(int state) {
    return accepting.get(state);
  }

  boolean isEmpty() {
    return edges.get(0).isEmpty() && !accepting.get(0);
  }

  boolean matches(String text) {
    int state = 0;
    for (int c : text.codePoints().toArray()) {
      int next = -1;
      for (Edge e : edges.get(state)) {
        if (e.on.contains(c)) {
          next = e.to;
        }
      }
      if (next < 0) {
        return false;
      }
      state = next;
    }
    return accepting.get(state);
  }

  /**
   * The automaton whose states are values: those that a first one leads to.
   *
   * @param next for a state the sets of characters, disjoint, that lead to other states
   */
  static <S> Dfa explore(
      S start, BiFunction<S, List<CodePointSet>, List<S>> next, Predicate<S> accept) {
    Map<S, Integer> numbers = new HashMap<>(Map.of(start, 0));
    List<S> states = new ArrayList<>(List.of(start));
    List<List<Edge>> edges = new ArrayList<>();
    List<Boolean> accepting = new ArrayList<>();
    for (int i = 0; i < states.size(); i++) {
      S state = states.get(i);
      List<CodePointSet> on = new ArrayList<>();
      List<S> to = next.apply(state, on);
      List<Edge> out = new ArrayList<>();
      for (int k = 0; k < to.size(); k++) {
        Integer number = numbers.putIfAbsent(to.get(k), states.size());
        if (number == null) {
          number = states.size();
          states.add(to.get(k));
        }
        out.add(new Edge(on.get(k), number));
      }
      if (states.size() > 4 * MAX_STATES) {
        throw tooLarge();
      }
      edges.add(out);
      accepting.add(accept.test(state));
    }
    return minimal(edges, accepting);
  }

  private static TooLargeException tooLarge() {
    return new TooLargeException(
        "too complex: an automaton of more than " + MAX_STATES + " states; use smaller counts");
  }

  /** What an expression without anchors matches. */
  static Dfa of(Regex regex) {
    Nfa nfa = new Nfa(regex);
    return explore(
        nfa.start(),
        (state, on) -> {
          List<Nfa.Set> to = new ArrayList<>();
          nfa.steps(state)
              .forEach(
                  (target, set) -> {
                    to.add(target);
                    on.add(set);
                  });
          return to;
        },
        nfa::accepts);
  }

  /** All texts that do not contain a mark. */
  static Dfa without(String mark) {
    List<Regex> parts = new ArrayList<>(List.of(Regex.anyText()));
    mark.codePoints().forEach(c -> parts.add(new Regex.Chars(CodePointSet.of(c))));
    parts.add(Regex.anyText());
    return of(Regex.anyText()).minus(of(new Regex.Seq(parts)));
  }

  /** Some words. */
  static Dfa ofWords(Iterable<String> words) {
    List<TreeMap<Integer, Integer>> trie = new ArrayList<>(List.of(new TreeMap<>()));
    List<Boolean> accepting = new ArrayList<>(List.of(false));
    for (String word : words) {
      int state = 0;
      for (int c : word.codePoints().toArray()) {
        Integer next = trie.get(state).get(c);
        if (next == null) {
          next = trie.size();
          if (next > 4 * MAX_STATES) {
            throw tooLarge();
          }
          trie.get(state).put(c, next);
          trie.add(new TreeMap<>());
          accepting.add(false);
        }
        state = next;
      }
      accepting.set(state, true);
    }
    List<List<Edge>> edges = new ArrayList<>();
    for (TreeMap<Integer, Integer> node : trie) {
      List<Edge> out = new ArrayList<>();
      node.forEach((c, to) -> out.add(new Edge(CodePointSet.of(c), to)));
      edges.add(out);
    }
    return minimal(edges, accepting);
  }

  private record Pair(int a, int b) {}

  Dfa and(Dfa that) {
    return explore(
        new Pair(0, 0),
        (pair, on) -> {
          List<Pair> to = new ArrayList<>();
          for (Edge a : edges(pair.a)) {
            for (Edge b : that.edges(pair.b)) {
              CodePointSet both = a.on.and(b.on);
              if (!both.isEmpty()) {
                on.add(both);
                to.add(new Pair(a.to, b.to));
              }
            }
          }
          return to;
        },
        pair -> isAccepting(pair.a) && that.isAccepting(pair.b));
  }

  Dfa minus(Dfa that) {
    return explore(
        new Pair(0, 0),
        (pair, on) -> {
          List<Pair> to = new ArrayList<>();
          for (Edge a : edges(pair.a)) {
            CodePointSet rest = a.on;
            for (Edge b : pair.b < 0 ? List.<Edge>of() : that.edges(pair.b)) {
              CodePointSet both = a.on.and(b.on);
              if (!both.isEmpty()) {
                on.add(both);
                to.add(new Pair(a.to, b.to));
                rest = rest.minus(both);
              }
            }
            if (!rest.isEmpty()) {
              on.add(rest);
              to.add(new Pair(a.to, -1));
            }
          }
          return to;
        },
        pair -> isAccepting(pair.a) && (pair.b < 0 || !that.isAccepting(pair.b)));
  }

  /** All that a state tells from others, given the classes that its edges lead to. */
  private record Signature(int before, Map<Integer, CodePointSet> edges) {}

  private record Reach(boolean accepting, int shortest, int longest) {}

  /**
   * Moore's partition refinement, from a first partition by the shortest and the longest text that
   * leads to acceptance: that tells the states of counted repetitions apart at once.
   */
  private static Dfa minimal(List<List<Edge>> edges, List<Boolean> accepting) {
    int n = edges.size();
    int[] shortest = shortest(edges, accepting);
    if (shortest[0] < 0) {
      return NOTHING;
    }
    List<List<Edge>> alive = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int self = i;
      alive.add(
          edges.get(i).stream().filter(e -> shortest[self] >= 0 && shortest[e.to] >= 0).toList());
    }
    int[] longest = longest(alive);
    int[] classOf = new int[n];
    Map<Object, Integer> classes = new HashMap<>();
    for (int i = 0; i < n; i++) {
      Object key = new Reach(accepting.get(i), shortest[i], longest[i]);
      classOf[i] = number(classes, key);
    }
    int count = 0;
    while (classes.size() > count) {
      count = classes.size();
      classes = new HashMap<>();
      int[] finer = new int[n];
      for (int i = 0; i < n; i++) {
        Map<Integer, CodePointSet> out = new LinkedHashMap<>();
        for (Edge e : alive.get(i)) {
          out.merge(classOf[e.to], e.on, CodePointSet::or);
        }
        finer[i] = number(classes, new Signature(classOf[i], out));
      }
      classOf = finer;
    }
    return numbered(alive, accepting, classOf);
  }

  private static int number(Map<Object, Integer> numbers, Object key) {
    Integer known = numbers.putIfAbsent(key, numbers.size());
    return known == null ? numbers.size() - 1 : known;
  }

  /** One state for each class that the start leads to, numbered as they are found. */
  private static Dfa numbered(List<List<Edge>> edges, List<Boolean> accepting, int[] classOf) {
    Map<Object, Integer> numbers = new HashMap<>();
    List<Integer> members = new ArrayList<>(List.of(0));
    number(numbers, classOf[0]);
    List<List<Edge>> result = new ArrayList<>();
    List<Boolean> ends = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      Map<Integer, CodePointSet> out = new LinkedHashMap<>();
      for (Edge e : edges.get(members.get(i))) {
        int to = number(numbers, classOf[e.to]);
        if (to == members.size()) {
          members.add(e.to);
        }
        out.merge(to, e.on, CodePointSet::or);
      }
      List<Edge> merged = new ArrayList<>();
      out.forEach((to, on) -> merged.add(new Edge(on, to)));
      result.add(List.copyOf(merged));
      ends.add(accepting.get(members.get(i)));
      if (members.size() > MAX_STATES) {
        throw tooLarge();
      }
    }
    return new Dfa(List.copyOf(result), List.copyOf(ends));
  }

  /** Length of the shortest text from each state to acceptance; -1 if there is none. */
  private static int[] shortest(List<List<Edge>> edges, List<Boolean> accepting) {
    int n = edges.size();
    List<List<Integer>> before = before(edges);
    int[] length = new int[n];
    Arrays.fill(length, -1);
    Deque<Integer> todo = new ArrayDeque<>();
    for (int i = 0; i < n; i++) {
      if (accepting.get(i)) {
        length[i] = 0;
        todo.add(i);
      }
    }
    while (!todo.isEmpty()) {
      int state = todo.remove();
      for (int b : before.get(state)) {
        if (length[b] < 0) {
          length[b] = length[state] + 1;
          todo.add(b);
        }
      }
    }
    return length;
  }

  /** Length of the longest path from each state; -1 if there is a circle on one. */
  private static int[] longest(List<List<Edge>> edges) {
    int n = edges.size();
    List<List<Integer>> before = before(edges);
    int[] open = new int[n];
    int[] length = new int[n];
    Arrays.fill(length, -1);
    Deque<Integer> todo = new ArrayDeque<>();
    for (int i = 0; i < n; i++) {
      open[i] = edges.get(i).size();
      if (open[i] == 0) {
        todo.add(i);
      }
    }
    while (!todo.isEmpty()) {
      int state = todo.remove();
      int longest = 0;
      for (Edge e : edges.get(state)) {
        longest = Math.max(longest, length[e.to] + 1);
      }
      length[state] = longest;
      for (int b : before.get(state)) {
        if (--open[b] == 0) {
          todo.add(b);
        }
      }
    }
    return length;
  }

  private static List<List<Integer>> before(List<List<Edge>> edges) {
    List<List<Integer>> before = new ArrayList<>(Collections.nCopies(edges.size(), List.of()));
    before.replaceAll(x -> new ArrayList<>());
    for (int i = 0; i < edges.size(); i++) {
      for (Edge e : edges.get(i)) {
        before.get(e.to).add(i);
      }
    }
    return before;
  }
}
