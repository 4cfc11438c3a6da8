package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A nondeterministic automaton of a regular expression (Thompson, CACM 11(6), 1968). */
final class Nfa {
  private static final int MAX_STATES = 20_000;
  private static final int END = 0;

  private final List<List<Integer>> silent = new ArrayList<>();
  private final List<CodePointSet> on = new ArrayList<>();
  private final List<Integer> to = new ArrayList<>();
  private final int first;

  Nfa(Regex regex) {
    state(CodePointSet.NONE, END);
    first = build(regex, END);
  }

  /** States that one can be in at the same time, in order. */
  @SuppressWarnings("ArrayRecordComponent") // compared below by its elements
  record Set(int[] states) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Set that && Arrays.equals(states, that.states);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(states);
    }
  }

  private int state(CodePointSet set, int next) {
    if (on.size() >= MAX_STATES) {
      throw new TooLargeException(
          "too complex: an automaton of more than " + MAX_STATES + " states; use smaller counts");
    }
    silent.add(new ArrayList<>());
    on.add(set);
    to.add(next);
    return on.size() - 1;
  }

  private int fork(int a, int b) {
    int fork = state(CodePointSet.NONE, END);
    silent.get(fork).add(a);
    silent.get(fork).add(b);
    return fork;
  }

  /** The state from which an expression leads to {@code next}. */
  private int build(Regex regex, int next) {
    if (regex instanceof Regex.Chars chars) {
      return state(chars.set(), next);
    }
    if (regex instanceof Regex.Alt alt) {
      int fork = state(CodePointSet.NONE, END);
      for (Regex option : alt.options()) {
        silent.get(fork).add(build(option, next));
      }
      return fork;
    }
    if (regex instanceof Regex.Repeat repeat) {
      int at = next;
      if (repeat.max() == Regex.UNLIMITED) {
        at = fork(next, next);
        silent.get(at).add(build(repeat.body(), at));
      } else {
        for (int i = repeat.min(); i < repeat.max(); i++) {
          at = fork(build(repeat.body(), at), next);
        }
      }
      for (int i = 0; i < repeat.min(); i++) {
        at = build(repeat.body(), at);
      }
      return at;
    }
    if (regex instanceof Regex.Seq seq) {
      int at = next;
      for (int i = seq.parts().size() - 1; i >= 0; i--) {
        at = build(seq.parts().get(i), at);
      }
      return at;
    }
    throw new IllegalStateException("an anchor was left in " + regex);
  }

  Set start() {
    BitSet in = new BitSet();
    enter(first, in);
    return new Set(in.stream().toArray());
  }

  boolean accepts(Set set) {
    return Arrays.binarySearch(set.states, END) >= 0;
  }

  private void enter(int state, BitSet in) {
    int[] stack = new int[8];
    int n = 0;
    stack[n++] = state;
    while (n > 0) {
      int s = stack[--n];
      if (in.get(s)) {
        continue;
      }
      in.set(s);
      for (int next : silent.get(s)) {
        if (n == stack.length) {
          stack = Arrays.copyOf(stack, 2 * n);
        }
        stack[n++] = next;
      }
    }
  }

  /** Where characters lead from a set of states; the sets of characters are disjoint. */
  Map<Set, CodePointSet> steps(Set from) {
    Map<Integer, CodePointSet> byTarget = new LinkedHashMap<>();
    for (int s : from.states) {
      if (!on.get(s).isEmpty()) {
        byTarget.merge(to.get(s), on.get(s), CodePointSet::or);
      }
    }
    // Parts of the alphabet, each with the targets that all of its characters have.
    Map<CodePointSet, List<Integer>> parts = new LinkedHashMap<>();
    byTarget.forEach(
        (target, set) -> {
          CodePointSet rest = set;
          for (var part : List.copyOf(parts.entrySet())) {
            CodePointSet both = part.getKey().and(rest);
            if (both.isEmpty()) {
              continue;
            }
            List<Integer> targets = part.getValue();
            CodePointSet only = part.getKey().minus(both);
            parts.remove(part.getKey());
            if (!only.isEmpty()) {
              parts.put(only, targets);
            }
            List<Integer> more = new ArrayList<>(targets);
            more.add(target);
            parts.put(both, more);
            rest = rest.minus(both);
          }
          if (!rest.isEmpty()) {
            parts.put(rest, List.of(target));
          }
        });
    Map<Set, CodePointSet> steps = new LinkedHashMap<>();
    parts.forEach(
        (set, targets) -> {
          BitSet in = new BitSet();
          targets.forEach(target -> enter(target, in));
          steps.merge(new Set(in.stream().toArray()), set, CodePointSet::or);
        });
    return steps;
  }
}
