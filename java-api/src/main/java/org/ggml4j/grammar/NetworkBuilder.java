package org.ggml4j.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/** Turns rules into a {@link Network}, each expression from its end to its beginning. */
final class NetworkBuilder {
  /** A bound on memory, about 30 MB, that repetitions within repetitions run into. */
  static final int MAX_NODES = 1 << 20;

  /** Copies of what takes more nodes than this are calls of one rule. */
  private static final int INLINE = 2;

  private final Source source;
  private final Map<String, Integer> ruleIds = new HashMap<>();
  private final IntList ruleStart = new IntList();
  private final IntList kind = new IntList();
  private final IntList a = new IntList();
  private final IntList b = new IntList();
  private final IntList targets = new IntList();
  private final Utf8Edges edges;
  private final List<Expr.Token> tokens = new ArrayList<>();
  private int position;

  private NetworkBuilder(Source source) {
    this.source = source;
    this.edges = new Utf8Edges(this);
    node(Network.END, 0, 0);
  }

  /**
   * Builds the network of checked rules.
   *
   * @throws GrammarException if it would be too large
   */
  static Network build(Source source, Map<String, Expr.Rule> rules, String root) {
    NetworkBuilder builder = new NetworkBuilder(source);
    for (String name : rules.keySet()) {
      builder.ruleIds.put(name, builder.newRule());
    }
    for (Expr.Rule rule : rules.values()) {
      builder.position = rule.position();
      builder.ruleStart.set(
          builder.idOf(rule.name()), builder.compile(rule.body(), Network.RETURN));
    }
    return new Network(
        source,
        builder.kind.toArray(),
        builder.a.toArray(),
        builder.b.toArray(),
        builder.targets.toArray(),
        builder.edges.bytes(),
        builder.edges.targets(),
        builder.ruleStart.toArray(),
        builder.idOf(root),
        List.copyOf(builder.tokens));
  }

  private int idOf(String rule) {
    Integer id = ruleIds.get(rule);
    if (id == null) {
      throw new IllegalStateException("no rule " + rule);
    }
    return id;
  }

  private int newRule() {
    ruleStart.add(-1);
    return ruleStart.size() - 1;
  }

  /** Adds a node. */
  int node(int nodeKind, int nodeA, int nodeB) {
    if (kind.size() == MAX_NODES) {
      throw source.error(
          position,
          "the grammar is too large: with its repetitions written out it has more than "
              + MAX_NODES
              + " parts; count less far");
    }
    kind.add(nodeKind);
    a.add(nodeA);
    b.add(nodeB);
    return kind.size() - 1;
  }

  /** The first node of what reads an expression and goes on at {@code next}. */
  private int compile(Expr e, int next) {
    if (e instanceof Expr.Literal literal) {
      return edges.literal(literal.text(), next);
    }
    if (e instanceof Expr.Chars chars) {
      return edges.character(chars.set(), next);
    }
    if (e instanceof Expr.Token token) {
      tokens.add(token);
      return node(Network.TOKEN, tokens.size() - 1, next);
    }
    if (e instanceof Expr.Reference reference) {
      return node(Network.CALL, idOf(reference.rule()), next);
    }
    if (e instanceof Expr.Sequence sequence) {
      int at = next;
      for (int i = sequence.parts().size() - 1; i >= 0; i--) {
        at = compile(sequence.parts().get(i), at);
      }
      return at;
    }
    if (e instanceof Expr.Choice choice) {
      int[] starts = choice.alternates().stream().mapToInt(x -> compile(x, next)).toArray();
      return split(starts);
    }
    return repeat((Expr.Repeat) e, next);
  }

  private int split(int... starts) {
    int first = targets.size();
    for (int start : starts) {
      targets.add(start);
    }
    return node(Network.SPLIT, first, starts.length);
  }

  private int repeat(Expr.Repeat repeat, int next) {
    int outer = position;
    position = repeat.position();
    int copies = repeat.max() == Expr.UNLIMITED ? Math.max(1, repeat.min()) : repeat.max();
    IntUnaryOperator body = n -> compile(repeat.body(), n);
    if (copies > 1 && !isSmall(repeat.body())) {
      int rule = newRule();
      ruleStart.set(rule, compile(repeat.body(), Network.RETURN));
      body = n -> node(Network.CALL, rule, n);
    }
    int at = next;
    int required = repeat.min();
    if (repeat.max() == Expr.UNLIMITED) {
      int loop = split(-1, next);
      int again = body.applyAsInt(loop);
      targets.set(a.get(loop), again);
      at = required == 0 ? loop : again;
      required = Math.max(0, required - 1);
    } else {
      for (int i = repeat.max(); i > repeat.min(); i--) {
        at = split(body.applyAsInt(at), next);
      }
    }
    for (int i = 0; i < required; i++) {
      at = body.applyAsInt(at);
    }
    position = outer;
    return at;
  }

  private static boolean isSmall(Expr e) {
    if (e instanceof Expr.Literal literal) {
      return literal.text().length() <= INLINE && literal.text().chars().allMatch(c -> c < 0x80);
    }
    if (e instanceof Expr.Chars chars) {
      return chars.set().isAscii();
    }
    return e instanceof Expr.Reference || e instanceof Expr.Token;
  }
}
