package org.ggml4j.schema;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Follows the keywords that put schemas together in one place ($ref, allOf, anyOf, oneOf, not, if,
 * dependencies) until only alternatives are left of which each is a set of plain nodes. A value is
 * valid if it is under all nodes of one of them.
 */
final class Branches {
  private static final int MAX_BRANCHES = 300;
  private static final int MAX_STEPS = 20_000;
  private static final int MAX_DEPTH = 300;

  private final Disjointness disjointness;
  private final Map<Set<SchemaNode>, List<Branch>> known = new HashMap<>();
  private final Set<Set<SchemaNode>> busy = new HashSet<>();

  Branches(Patterns patterns) {
    disjointness = new Disjointness(this, patterns);
  }

  /**
   * The alternatives of nodes that hold together; none if nothing is valid under all.
   *
   * @throws SchemaException if a keyword is not supported, a node refers to itself, or there are
   *     too many
   */
  List<Branch> of(Set<SchemaNode> nodes) {
    List<Branch> found = known.get(nodes);
    if (found == null) {
      busy.add(nodes);
      found = List.copyOf(new Expansion(nodes).all());
      busy.remove(nodes);
      known.put(nodes, found);
    }
    return found;
  }

  /** Whether their alternatives are being looked for just now. */
  boolean isBusy(Set<SchemaNode> nodes) {
    return busy.contains(nodes);
  }

  /** A node to be followed, and the way that led to it. */
  private record Step(SchemaNode node, @Nullable Step from) {
    boolean isCircle() {
      for (Step s = from; s != null; s = s.from) {
        if (s.node.equals(node)) {
          return true;
        }
      }
      return false;
    }
  }

  /** One of several sets of nodes must hold; if {@code exclusive}, the others must not. */
  private record Choice(Step at, List<List<SchemaNode>> options, boolean exclusive) {}

  /** The others of a oneOf, of which none may hold. */
  private record Exclusion(SchemaNode node, SchemaNode chosen, SchemaNode other) {}

  private final class Expansion {
    private final Set<SchemaNode> start;
    private final Map<Set<SchemaNode>, Branch> branches = new HashMap<>();
    private final List<Branch> found = new ArrayList<>();
    private int steps;

    Expansion(Set<SchemaNode> start) {
      this.start = start;
    }

    List<Branch> all() {
      Path path = new Path();
      start.forEach(node -> path.todo.add(new Step(node, null)));
      follow(path);
      return found;
    }

    private void follow(Path path) {
      while (!path.todo.isEmpty()) {
        Step step = path.todo.remove();
        if (++steps > MAX_STEPS) {
          throw tooMany(step.node);
        }
        if (!path.take(step)) {
          return;
        }
      }
      Choice choice = path.choices.poll();
      if (choice != null) {
        if (path.depth > MAX_DEPTH) {
          throw tooMany(choice.at.node);
        }
        for (List<SchemaNode> option : choice.options) {
          Path next = new Path(path);
          option.forEach(node -> next.todo.add(new Step(node, choice.at)));
          if (choice.exclusive) {
            for (List<SchemaNode> other : choice.options) {
              if (!other.equals(option)) {
                next.exclusions.add(new Exclusion(choice.at.node, option.get(0), other.get(0)));
              }
            }
          }
          follow(next);
        }
        return;
      }
      finish(path);
    }

    private SchemaException tooMany(SchemaNode node) {
      return new SchemaException(
          node.pointer(), "more than " + MAX_BRANCHES + " combinations of alternatives");
    }

    private void finish(Path path) {
      Branch branch = Branch.of(path.plain);
      if (branch.written().isEmpty()) {
        return;
      }
      while (!path.exclusions.isEmpty() && branch.listed().isEmpty()) {
        Exclusion e = path.exclusions.remove();
        if (!disjointness.isCertain(branch, e.other)) {
          path.todo.add(new Step(not(e), null));
          follow(path);
          return;
        }
      }
      if (branches.putIfAbsent(branch.nodes(), branch) == null) {
        found.add(branch);
      }
      if (found.size() > MAX_BRANCHES) {
        throw tooMany(start.iterator().next());
      }
    }

    private SchemaNode not(Exclusion e) {
      try {
        return Negation.of(e.other);
      } catch (UnsupportedSchemaException problem) {
        throw new UnsupportedSchemaException(
            e.node.pointer(),
            "oneOf",
            "a value may be valid under both #"
                + e.chosen.pointer()
                + " and #"
                + e.other.pointer()
                + ", and what is valid under one only can't be told ("
                + problem.getMessage()
                + "); tell them apart by a required property with a const, or use anyOf");
      }
    }
  }

  /** One combination of choices in the making. */
  private static final class Path {
    final Deque<Step> todo = new ArrayDeque<>();
    final Deque<Choice> choices = new ArrayDeque<>();
    final Deque<Exclusion> exclusions = new ArrayDeque<>();
    final Set<SchemaNode> seen = new HashSet<>();
    final Set<SchemaNode> plain = new LinkedHashSet<>();
    final int depth;

    Path() {
      depth = 0;
    }

    Path(Path that) {
      depth = that.depth + 1;
      choices.addAll(that.choices);
      exclusions.addAll(that.exclusions);
      seen.addAll(that.seen);
      plain.addAll(that.plain);
    }

    /** Follows a node; false if nothing can be valid any more. */
    boolean take(Step step) {
      SchemaNode node = step.node;
      if (step.isCircle()) {
        throw new SchemaException(
            node.pointer(), "refers to itself in the same place, so that it says nothing");
      }
      if (!seen.add(node) || node.isTrue()) {
        return true;
      }
      if (node.isFalse()) {
        return false;
      }
      node.checkKeywords();
      if (node.assertions().stream().anyMatch(Keywords::isPlain)) {
        plain.add(node);
      }
      if (node.has("$ref")) {
        todo.add(new Step(node.document().resolve(node), step));
      }
      node.children("allOf").forEach(child -> todo.add(new Step(child, step)));
      node.child("not").ifPresent(child -> todo.add(new Step(Negation.of(child), step)));
      addChoices(step);
      return !Branch.types(plain).isEmpty();
    }

    private void addChoices(Step step) {
      SchemaNode node = step.node;
      for (String keyword : List.of("anyOf", "oneOf")) {
        if (node.has(keyword)) {
          List<SchemaNode> options = node.children(keyword);
          if (options.isEmpty()) {
            throw node.error(keyword, "expected at least one schema, found none");
          }
          choices.add(
              new Choice(step, options.stream().map(List::of).toList(), keyword.equals("oneOf")));
        }
      }
      Optional<SchemaNode> condition = node.child("if");
      if (condition.isPresent() && (node.has("then") || node.has("else"))) {
        List<SchemaNode> yes = new ArrayList<>(List.of(condition.get()));
        List<SchemaNode> no = new ArrayList<>(List.of(Negation.of(condition.get())));
        node.child("then").ifPresent(yes::add);
        node.child("else").ifPresent(no::add);
        choices.add(new Choice(step, List.of(yes, no), false));
      }
      for (Dependency d : Dependency.of(node)) {
        choices.add(
            new Choice(step, List.of(List.of(d.without()), List.of(d.with(), d.then())), false));
      }
    }
  }

  /** The node itself, or the one that it does nothing but refer to. */
  static SchemaNode target(SchemaNode node) {
    Collection<SchemaNode> way = new LinkedHashSet<>();
    SchemaNode at = node;
    while (at.assertions().equals(List.of("$ref")) && way.add(at)) {
      at = at.document().resolve(at);
    }
    return at;
  }
}
