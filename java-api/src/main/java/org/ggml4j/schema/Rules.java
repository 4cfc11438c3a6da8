package org.ggml4j.schema;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules of a grammar in the making. */
final class Rules {
  /** A repetition counts this far; beyond that, blocks are counted. llama.cpp stops at 2000. */
  static final int MAX_COUNT = 1000;

  static final int MAX_RULES = 20_000;
  static final int MAX_NAME = 60;
  private static final String ROOT = "root";

  private final Map<String, Expr> rules = new LinkedHashMap<>();
  private final Map<Expr, Expr> byBody = new HashMap<>();
  private final Set<String> names = new HashSet<>(Set.of(ROOT));
  private final Notation notation;

  Rules() {
    this(Notation.JSON);
  }

  Rules(Notation notation) {
    this.notation = notation;
    if (notation == Notation.GEMMA) {
      names.add(Notation.QUOTE);
    }
    for (Primitive p : Primitive.values()) {
      names.add(p.ruleName());
    }
  }

  /** How values are written. */
  Notation notation() {
    return notation;
  }

  /** A new name that looks like the wish: letters, digits and hyphens only. */
  String newName(String wish) {
    String base = wish.replaceAll("[^a-zA-Z0-9]+", "-").replaceFirst("^-", "");
    base = base.length() > MAX_NAME ? base.substring(0, MAX_NAME) : base;
    base = base.isEmpty() ? "part" : base;
    String name = base;
    for (int i = 1; names.contains(name); i++) {
      name = base + "-" + i;
    }
    if (names.size() >= MAX_RULES) {
      throw new TooLargeException("the grammar would have more than " + MAX_RULES + " rules");
    }
    names.add(name);
    return name;
  }

  /** Gives back a name that no rule got. */
  void release(String name) {
    names.remove(name);
  }

  boolean isDefined(String name) {
    return rules.containsKey(name);
  }

  Expr define(String name, Expr body) {
    names.add(name);
    rules.put(name, body);
    return new Expr.Ref(name);
  }

  /** A rule of its own for what would be hard to read, or long, within others; made once. */
  Expr named(String wish, Expr body) {
    boolean small = body instanceof Expr.Lit || body instanceof Expr.Ref;
    boolean fixed = body.equals(Expr.never()) || body.equals(Expr.empty());
    return small || fixed ? body : byBody.computeIfAbsent(body, b -> define(newName(wish), b));
  }

  /**
   * A repetition of any length. Of more than {@link #MAX_COUNT} it counts whole blocks first, so
   * that there is one way only to read a text.
   */
  Expr repeat(String wish, Expr body, int min, int max) {
    boolean unlimited = max == Expr.UNLIMITED;
    if (min <= MAX_COUNT && (unlimited || max <= MAX_COUNT)) {
      return Expr.repeat(body, min, max);
    }
    Expr one = named(wish, body);
    Expr block = define(newName(wish + "-" + MAX_COUNT), Expr.repeat(one, MAX_COUNT, MAX_COUNT));
    Expr required =
        Expr.seq(
            Expr.repeat(one, min % MAX_COUNT, min % MAX_COUNT),
            repeat(wish, block, min / MAX_COUNT, min / MAX_COUNT));
    if (unlimited) {
      return Expr.seq(required, Expr.repeat(one, 0, Expr.UNLIMITED));
    }
    int blocks = (max - min) / MAX_COUNT;
    Expr rest = Expr.repeat(one, 0, (max - min) % MAX_COUNT);
    if (blocks > 0) {
      rest =
          Expr.alt(
              Expr.seq(repeat(wish, block, 0, blocks - 1), Expr.repeat(one, 0, MAX_COUNT - 1)),
              Expr.seq(repeat(wish, block, blocks, blocks), rest));
    }
    return Expr.seq(required, rest);
  }

  /**
   * The grammar's text. What no text can be is left out.
   *
   * @return empty if no text at all fits
   */
  String toGbnf() {
    Set<String> possible = possible();
    if (!possible.contains(ROOT)) {
      return "";
    }
    Map<String, Expr> kept = new HashMap<>();
    possible.forEach(name -> kept.put(name, without(body(name), possible)));
    StringBuilder out = new StringBuilder();
    Set<String> seen = new LinkedHashSet<>(Set.of(ROOT));
    Deque<String> todo = new ArrayDeque<>(seen);
    while (!todo.isEmpty()) {
      String name = todo.pop();
      Expr body = kept.getOrDefault(name, Expr.empty());
      out.append(name).append(" ::= ").append(GbnfWriter.write(body)).append('\n');
      Set<String> used = new LinkedHashSet<>();
      addReferences(body, used);
      // Depth first, in the order of use: a rule stands close to where it is used.
      Deque<String> fresh = new ArrayDeque<>();
      used.stream().filter(seen::add).forEach(fresh::push);
      fresh.forEach(todo::push);
    }
    return out.toString();
  }

  private Expr body(String name) {
    Expr body = rules.get(name);
    if (body == null) {
      throw new IllegalStateException("no rule " + name);
    }
    return body;
  }

  /** Rules that at least one finite text fits. */
  private Set<String> possible() {
    Map<String, Set<String>> users = new HashMap<>();
    rules.forEach(
        (name, body) -> {
          Set<String> used = new HashSet<>();
          addReferences(body, used);
          used.forEach(u -> users.computeIfAbsent(u, k -> new HashSet<>()).add(name));
        });
    Set<String> possible = new HashSet<>();
    Deque<String> todo = new ArrayDeque<>(rules.keySet());
    while (!todo.isEmpty()) {
      String name = todo.pop();
      if (!possible.contains(name) && isPossible(body(name), possible)) {
        possible.add(name);
        todo.addAll(users.getOrDefault(name, Set.of()));
      }
    }
    return possible;
  }

  private static boolean isPossible(Expr e, Set<String> possible) {
    if (e instanceof Expr.Ref ref) {
      return possible.contains(ref.rule());
    }
    if (e instanceof Expr.Alt alt) {
      return alt.options().stream().anyMatch(option -> isPossible(option, possible));
    }
    if (e instanceof Expr.Repeat repeat) {
      return repeat.min() == 0 || isPossible(repeat.body(), possible);
    }
    return e.parts().stream().allMatch(part -> isPossible(part, possible));
  }

  private static Expr without(Expr e, Set<String> possible) {
    if (e instanceof Expr.Ref ref) {
      return possible.contains(ref.rule()) ? e : Expr.never();
    }
    if (e instanceof Expr.Repeat repeat) {
      return Expr.repeat(without(repeat.body(), possible), repeat.min(), repeat.max());
    }
    List<Expr> parts = e.parts().stream().map(part -> without(part, possible)).toList();
    if (e instanceof Expr.Alt) {
      return Expr.alt(parts.stream().filter(part -> !part.equals(Expr.never())).toList());
    }
    return e instanceof Expr.Seq ? Expr.seq(parts) : e;
  }

  private static void addReferences(Expr e, Set<String> to) {
    if (e instanceof Expr.Ref ref) {
      to.add(ref.rule());
    }
    e.parts().forEach(part -> addReferences(part, to));
  }
}
