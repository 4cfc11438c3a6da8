package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Writes arrays. */
final class ArrayWriter {
  private static final int MAX_PREFIX = 1000;

  private final SchemaCompiler compiler;
  private final Rules rules;

  ArrayWriter(SchemaCompiler compiler) {
    this.compiler = compiler;
    rules = compiler.rules();
  }

  Expr write(Set<SchemaNode> nodes, String path) {
    ScalarWriter.refuseExcluded(nodes, Json.Arr.class);
    ArrayFacts facts = ArrayFacts.of(nodes);
    int min = facts.writtenMin();
    int max = facts.writtenMax();
    if (min > max) {
      return Expr.never();
    }
    if (facts.unique().isPresent() && max > 1) {
      return Primitive.enclosed(rules, "[", unique(facts, min, max, path), "]");
    }
    if (facts.prefix() > MAX_PREFIX) {
      throw SchemaCompiler.unsupported(
          nodes, "more than " + MAX_PREFIX + " schemas", "prefixItems", "items");
    }
    boolean anything = facts.prefix() == 0 && facts.item(0).isEmpty();
    if (anything && min == 0 && max == Expr.UNLIMITED) {
      return Primitive.ARRAY.in(rules);
    }
    return Primitive.enclosed(rules, "[", items(facts, min, max, path), "]");
  }

  private Expr items(ArrayFacts facts, int min, int max, String path) {
    int n = Math.min(facts.prefix(), max);
    Expr rest = Expr.empty();
    if (max > n) {
      String wish = SchemaCompiler.below(path, "item");
      Expr item = compiler.write(facts.item(facts.prefix()), wish);
      Expr more = Expr.seq(Primitive.comma(rules), item);
      // The first item has no comma before it.
      int others = n == 0 ? 1 : n;
      int most = max == Expr.UNLIMITED ? max : max - others;
      rest = rules.repeat(wish, more, Math.max(0, min - others), most);
      rest = n > 0 ? rest : Expr.seq(item, rest);
      rest = n == 0 && min == 0 ? Expr.optional(rest) : rest;
    }
    for (int i = n - 1; i >= 0; i--) {
      Expr item = compiler.write(facts.item(i), SchemaCompiler.below(path, "tuple-" + i));
      Expr comma = i > 0 ? Primitive.comma(rules) : Expr.empty();
      Expr from = Expr.seq(comma, item, rest);
      rest = i >= min ? Expr.optional(from) : from;
      boolean deep = rest.depth() > 10;
      rest = deep ? rules.named(SchemaCompiler.below(path, "rest"), rest) : rest;
    }
    return rest;
  }

  /** Of items that are a few values each at most once, in their order. */
  private Expr unique(ArrayFacts facts, int min, int max, String path) {
    Set<SchemaNode> item = facts.item(0);
    if (facts.prefix() > 0) {
      throw unsupported(facts);
    }
    Set<Json> values = new LinkedHashSet<>();
    for (Branch branch : compiler.branches().of(item)) {
      for (Json value : values(branch).orElseThrow(() -> unsupported(facts))) {
        if (item.stream().allMatch(node -> compiler.validator().isValid(node, value))) {
          values.add(value);
        }
      }
    }
    List<Members.Member> members = new ArrayList<>();
    for (Json value : values) {
      String name = SchemaCompiler.below(path, "item-" + members.size());
      members.add(new Members.Member(name, rules.notation().value(rules, value), false));
    }
    return new Members(rules, members, Expr.never(), min, max).write();
  }

  /** The values of a branch, if they are few. */
  private static Optional<List<Json>> values(Branch branch) {
    if (branch.listed().isPresent()) {
      return Optional.of(Disjointness.values(branch.listed().get()));
    }
    List<Json> values = new ArrayList<>();
    for (Type type : branch.written()) {
      if (type == Type.NULL) {
        values.add(new Json.Null());
      } else if (type == Type.BOOLEAN) {
        values.addAll(List.of(new Json.Bool(true), new Json.Bool(false)));
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(values);
  }

  private static UnsupportedSchemaException unsupported(ArrayFacts facts) {
    return new UnsupportedSchemaException(
        facts.unique().orElseThrow().pointer(),
        "uniqueItems",
        "items can only be told apart if all are of one enum; name the values, or leave it out");
  }
}
