package org.ggml4j.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What must hold of a grammar's rules together before it can be matched. */
final class RuleChecks {
  /** Rules that begin with a rule that begins with a rule, and so on. */
  static final int MAX_CHAIN = 1000;

  private final Source source;
  private final Map<String, Expr.Rule> rules;
  private final Set<String> nullable = new HashSet<>();
  private final Map<String, Map<String, Integer>> first = new LinkedHashMap<>();

  private RuleChecks(Source source, Map<String, Expr.Rule> rules) {
    this.source = source;
    this.rules = rules;
  }

  /**
   * Checks that every rule exists and none is left-recursive.
   *
   * @throws GrammarException naming the first that is wrong
   */
  static void check(Source source, Map<String, Expr.Rule> rules, String root) {
    if (!rules.containsKey(root)) {
      throw source.error(
          0,
          "there is no rule named '"
              + root
              + "' to begin with; "
              + (rules.isEmpty()
                  ? "the grammar is empty"
                  : "the first rule is '" + firstOf(rules) + "'"));
    }
    RuleChecks checks = new RuleChecks(source, rules);
    rules.values().forEach(rule -> checks.requireDefined(rule.body()));
    checks.findNullable();
    checks.refuseLeftRecursion();
  }

  private static String firstOf(Map<String, Expr.Rule> rules) {
    return rules.keySet().iterator().next();
  }

  private void requireDefined(Expr e) {
    if (e instanceof Expr.Reference reference) {
      if (!rules.containsKey(reference.rule())) {
        throw source.error(
            reference.position(), "there is no rule named '" + reference.rule() + "'");
      }
    }
    parts(e).forEach(this::requireDefined);
  }

  private static List<Expr> parts(Expr e) {
    if (e instanceof Expr.Sequence sequence) {
      return sequence.parts();
    }
    if (e instanceof Expr.Choice choice) {
      return choice.alternates();
    }
    return e instanceof Expr.Repeat repeat ? List.of(repeat.body()) : List.of();
  }

  /** Marks rules that may be empty, each followed by those that refer to it. */
  private void findNullable() {
    Map<String, Set<String>> users = new HashMap<>();
    rules.values().forEach(rule -> addUsers(rule.body(), rule.name(), users));
    Deque<String> todo = new ArrayDeque<>(rules.keySet());
    while (!todo.isEmpty()) {
      String name = todo.pop();
      if (!nullable.contains(name) && isNullable(bodyOf(name))) {
        nullable.add(name);
        todo.addAll(users.getOrDefault(name, Set.of()));
      }
    }
  }

  private static void addUsers(Expr e, String user, Map<String, Set<String>> users) {
    if (e instanceof Expr.Reference reference) {
      users.computeIfAbsent(reference.rule(), k -> new HashSet<>()).add(user);
    }
    parts(e).forEach(part -> addUsers(part, user, users));
  }

  private Expr bodyOf(String name) {
    Expr.Rule rule = rules.get(name);
    if (rule == null) {
      throw new IllegalStateException("no rule " + name);
    }
    return rule.body();
  }

  private boolean isNullable(Expr e) {
    if (e instanceof Expr.Literal literal) {
      return literal.text().isEmpty();
    }
    if (e instanceof Expr.Reference reference) {
      return nullable.contains(reference.rule());
    }
    if (e instanceof Expr.Sequence sequence) {
      return sequence.parts().stream().allMatch(this::isNullable);
    }
    if (e instanceof Expr.Choice choice) {
      return choice.alternates().stream().anyMatch(this::isNullable);
    }
    if (e instanceof Expr.Repeat repeat) {
      return repeat.min() == 0 || isNullable(repeat.body());
    }
    return false;
  }

  private void refuseLeftRecursion() {
    for (Expr.Rule rule : rules.values()) {
      Map<String, Integer> calls = new LinkedHashMap<>();
      addFirst(rule.body(), calls);
      first.put(rule.name(), calls);
    }
    Map<String, Integer> chains = new HashMap<>();
    for (String name : rules.keySet()) {
      walk(name, chains);
    }
  }

  /** Adds the rules that may stand at the very beginning of an expression. */
  private void addFirst(Expr e, Map<String, Integer> calls) {
    if (e instanceof Expr.Reference reference) {
      calls.putIfAbsent(reference.rule(), reference.position());
    } else if (e instanceof Expr.Sequence sequence) {
      for (Expr part : sequence.parts()) {
        addFirst(part, calls);
        if (!isNullable(part)) {
          return;
        }
      }
    } else {
      parts(e).forEach(part -> addFirst(part, calls));
    }
  }

  /** Follows what rules begin with, depth first and without recursion, as chains may be long. */
  private void walk(String start, Map<String, Integer> chains) {
    List<String> path = new ArrayList<>();
    Set<String> onPath = new HashSet<>();
    Deque<Deque<Map.Entry<String, Integer>>> pending = new ArrayDeque<>();
    push(start, path, onPath, pending);
    while (!pending.isEmpty()) {
      String name = path.get(path.size() - 1);
      Map.Entry<String, Integer> call = pending.peek().poll();
      if (call == null) {
        pending.pop();
        path.remove(path.size() - 1);
        onPath.remove(name);
        chains.put(name, chainOf(name, chains));
      } else if (onPath.contains(call.getKey())) {
        throw leftRecursion(path, call);
      } else if (!chains.containsKey(call.getKey())) {
        push(call.getKey(), path, onPath, pending);
      }
    }
  }

  private void push(
      String name,
      List<String> path,
      Set<String> onPath,
      Deque<Deque<Map.Entry<String, Integer>>> pending) {
    path.add(name);
    onPath.add(name);
    pending.push(new ArrayDeque<>(first.getOrDefault(name, Map.of()).entrySet()));
  }

  private int chainOf(String name, Map<String, Integer> chains) {
    int longest = 0;
    for (Map.Entry<String, Integer> call : first.getOrDefault(name, Map.of()).entrySet()) {
      int chain = 1 + chains.getOrDefault(call.getKey(), 0);
      if (chain > MAX_CHAIN) {
        throw source.error(
            call.getValue(),
            "more than " + MAX_CHAIN + " rules begin with one another; shorten the chain");
      }
      longest = Math.max(longest, chain);
    }
    return longest;
  }

  private GrammarException leftRecursion(List<String> path, Map.Entry<String, Integer> call) {
    List<String> circle = path.subList(path.indexOf(call.getKey()), path.size());
    String names = String.join(" -> ", circle.size() > 8 ? circle.subList(0, 8) : circle);
    return source.error(
        call.getValue(),
        "the rule '"
            + call.getKey()
            + "' is left-recursive: it may begin with itself ("
            + names
            + (circle.size() > 8 ? " -> ..." : "")
            + " -> "
            + call.getKey()
            + "); write a repetition instead, as item (\",\" item)*");
  }
}
