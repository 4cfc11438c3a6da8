package org.ggml4j.schema;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds out whether what is written for one alternative of a oneOf is certainly not valid under
 * another. "No" only means that it could not be found out.
 */
final class Disjointness {
  private static final int MAX_DEPTH = 6;

  private final Branches branches;
  private final Patterns patterns;
  private final SchemaValidator validator;
  private int depth;

  Disjointness(Branches branches, Patterns patterns) {
    this.branches = branches;
    this.patterns = patterns;
    validator = new SchemaValidator(patterns);
  }

  /** Whether nothing that is written for a branch is valid under a node. */
  boolean isCertain(Branch written, SchemaNode other) {
    Set<SchemaNode> others = Set.of(other);
    return !branches.isBusy(others) && isCertain(written, branches.of(others));
  }

  private boolean isCertain(Branch written, List<Branch> others) {
    if (depth >= MAX_DEPTH) {
      return false;
    }
    depth++;
    try {
      return others.stream().allMatch(other -> isCertain(written, other));
    } catch (TooLargeException e) {
      return false;
    } finally {
      depth--;
    }
  }

  private boolean isCertain(Set<SchemaNode> written, Set<SchemaNode> other) {
    if (depth >= MAX_DEPTH || branches.isBusy(written) || branches.isBusy(other)) {
      return false;
    }
    List<Branch> others = branches.of(other);
    return branches.of(written).stream().allMatch(w -> isCertain(w, others));
  }

  private boolean isCertain(Branch written, Branch other) {
    if (written.listed().isPresent()) {
      return noneValid(written, other);
    }
    if (other.listed().isPresent()) {
      return noneValid(other, written);
    }
    Set<Type> both = EnumSet.copyOf(written.written());
    both.retainAll(other.types());
    return both.stream().allMatch(type -> isCertain(type, written, other));
  }

  /** Whether no listed value is valid under the other branch. */
  private boolean noneValid(Branch listed, Branch other) {
    return values(listed.listed().orElseThrow()).stream()
        .filter(value -> isValid(listed, value))
        .noneMatch(value -> isValid(other, value));
  }

  private boolean isValid(Branch branch, Json value) {
    return branch.nodes().stream().allMatch(node -> validator.isPlainlyValid(node, value));
  }

  static List<Json> values(SchemaNode node) {
    return node.get("const").map(List::of).orElseGet(() -> node.items("enum"));
  }

  private boolean isCertain(Type type, Branch written, Branch other) {
    Set<SchemaNode> all = new LinkedHashSet<>(written.nodes());
    all.addAll(other.nodes());
    return switch (type) {
      case NULL -> false;
      case BOOLEAN -> booleans(all).isEmpty();
      case INTEGER -> numbers(written, other).asInteger().isEmpty();
      case NUMBER -> numbers(written, other).isEmpty();
      case STRING -> noString(written, other);
      case ARRAY -> noArray(ArrayFacts.of(written.nodes()), ArrayFacts.of(other.nodes()));
      case OBJECT ->
          noObject(
              ObjectFacts.of(written.nodes(), patterns), ObjectFacts.of(other.nodes(), patterns));
    };
  }

  /** Numbers that are in both; formats of the other need not be kept. */
  private static NumberRange numbers(Branch written, Branch other) {
    return NumberFacts.withLimits(NumberFacts.of(written.nodes()), other.nodes());
  }

  static Set<Boolean> booleans(Set<SchemaNode> nodes) {
    Set<Boolean> left = new LinkedHashSet<>(List.of(true, false));
    for (SchemaNode node : nodes) {
      for (Json value : node.items(Keywords.NOT_ENUM)) {
        if (value instanceof Json.Bool b) {
          left.remove(b.value());
        }
      }
    }
    return left;
  }

  private boolean noString(Branch written, Branch other) {
    StringFacts a = StringFacts.of(written.nodes(), patterns, true, false);
    StringFacts b = StringFacts.of(other.nodes(), patterns, false, true);
    if (Math.max(a.min(), b.min()) > Math.min(a.max(), b.max())) {
      return true;
    }
    boolean lengthsOnly = a.expressions().isEmpty() && b.expressions().isEmpty();
    if (lengthsOnly && a.without().isEmpty() && b.without().isEmpty()) {
      return false;
    }
    return a.toDfa().and(b.toDfa()).isEmpty();
  }

  private boolean noArray(ArrayFacts a, ArrayFacts b) {
    int min = Math.max(a.writtenMin(), b.min());
    if (min > Math.min(a.writtenMax(), b.max())) {
      return true;
    }
    int different = Math.min(min, Math.max(a.prefix(), b.prefix()) + 1);
    for (int i = 0; i < different; i++) {
      if (isCertain(a.item(i), b.item(i))) {
        return true;
      }
    }
    return false;
  }

  private boolean noObject(ObjectFacts a, ObjectFacts b) {
    if (a.min() > b.max() || b.min() > a.max()) {
      return true;
    }
    boolean closed = a.extras().isEmpty();
    Set<String> there = new HashSet<>(a.required());
    there.addAll(b.required());
    for (String name : there) {
      boolean never = b.absent().contains(name) || a.absent().contains(name);
      boolean notWritten = closed && !a.names().contains(name);
      if (never || notWritten || isCertain(a.property(name), b.property(name))) {
        return true;
      }
    }
    return false;
  }
}
