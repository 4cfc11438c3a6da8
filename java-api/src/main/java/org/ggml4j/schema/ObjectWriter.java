package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes objects: properties in the order of their declaration, then others.
 *
 * <p>A grammar can't see that a name comes twice, so names that are not declared may; then the last
 * counts for most readers, and it is as valid as the first.
 */
final class ObjectWriter {
  private static final int MAX_PROPERTIES = 500;

  /** Control characters are left out of names that are made up. */
  private static final Regex KEY =
      new Regex.Repeat(
          new Regex.Chars(
              CodePointSet.ALL.minus(CodePointSet.range(0, 0x1F)).minus(CodePointSet.of(0x7F))),
          0,
          Regex.UNLIMITED);

  private final SchemaCompiler compiler;
  private final Rules rules;

  ObjectWriter(SchemaCompiler compiler) {
    this.compiler = compiler;
    rules = compiler.rules();
  }

  Expr write(Set<SchemaNode> nodes, String path) {
    ScalarWriter.refuseExcluded(nodes, Json.Obj.class);
    ObjectFacts facts = ObjectFacts.of(nodes, compiler.patterns());
    List<Members.Member> members = new ArrayList<>();
    for (String name : facts.names()) {
      boolean required = facts.required().contains(name);
      Expr expr = isAllowed(facts, name) ? property(facts, name, path) : Expr.never();
      if (required && expr.equals(Expr.never())) {
        return Expr.never();
      }
      if (!expr.equals(Expr.never())) {
        members.add(new Members.Member(SchemaCompiler.below(path, name), expr, required));
      }
    }
    if (members.size() > MAX_PROPERTIES) {
      throw SchemaCompiler.unsupported(
          nodes, "more than " + MAX_PROPERTIES + " properties", "properties", "required");
    }
    Expr extra = extra(facts, path);
    boolean anything =
        members.isEmpty() && facts.max() == Expr.UNLIMITED && facts.min() == 0 && isFree(facts);
    if (anything) {
      return Primitive.OBJECT.in(rules);
    }
    Members all = new Members(rules, members, extra, facts.min(), facts.max());
    Expr content = all.write();
    if (content.equals(Expr.never()) && all.needsExtras()) {
      throw SchemaCompiler.unsupported(
          nodes,
          "a grammar can't see that names are different; declare more properties",
          "minProperties");
    }
    return Primitive.enclosed(rules, "{", content, "}");
  }

  private boolean isAllowed(ObjectFacts facts, String name) {
    Json text = new Json.Str(name);
    return !facts.absent().contains(name)
        && facts.propertyNames().stream()
            .allMatch(node -> compiler.validator().isValid(node, text));
  }

  private Expr property(ObjectFacts facts, String name, String path) {
    String wish = SchemaCompiler.below(path, name);
    Expr value = compiler.write(facts.property(name), wish);
    Expr key = rules.notation().key(facts.nodes(), name);
    return rules.named(wish + "-kv", Primitive.member(rules, key, value));
  }

  /** Whether nothing is said about names and values of what is not declared. */
  private static boolean isFree(ObjectFacts facts) {
    List<ObjectFacts.Extra> extras = facts.extras();
    return extras.size() == 1
        && extras.get(0).value().stream().allMatch(SchemaNode::saysNothing)
        && facts.propertyNames().isEmpty()
        && facts.names().isEmpty()
        && facts.absent().isEmpty();
  }

  private Expr extra(ObjectFacts facts, String path) {
    List<Expr> options = new ArrayList<>();
    for (ObjectFacts.Extra extra : facts.extras()) {
      if (extra.value().stream().anyMatch(SchemaNode::isFalse)) {
        continue;
      }
      String wish = SchemaCompiler.below(path, "additional");
      Expr key = Expr.alt(keys(facts, extra, wish));
      if (!key.equals(Expr.never())) {
        Expr value = compiler.write(extra.value(), wish + "-value");
        options.add(rules.named(wish + "-kv", Primitive.member(rules, key, value)));
      }
    }
    return Expr.alt(options);
  }

  private List<Expr> keys(ObjectFacts facts, ObjectFacts.Extra extra, String wish) {
    Set<String> taken = new LinkedHashSet<>(facts.names());
    taken.addAll(facts.absent());
    Set<SchemaNode> conditions = facts.propertyNames();
    if (taken.isEmpty() && conditions.isEmpty() && extra.in().isEmpty() && extra.out().isEmpty()) {
      return List.of(rules.notation().anyKey(rules));
    }
    Patterns patterns = compiler.patterns();
    List<Expr> keys = new ArrayList<>();
    try {
      Dfa all = Dfa.of(KEY);
      for (ObjectFacts.Pattern p : extra.in()) {
        all = patterns.matching(p.node(), "patternProperties", p.regex()).and(all);
      }
      for (ObjectFacts.Pattern p : extra.out()) {
        all = all.minus(patterns.perhapsMatching(p.node(), "patternProperties", p.regex()));
      }
      if (!taken.isEmpty()) {
        all = all.minus(Dfa.ofWords(taken));
      }
      for (Dfa condition : conditions.isEmpty() ? List.of(all) : conditions(conditions)) {
        keys.add(compiler.scalars().key(all.and(condition), wish + "-k"));
      }
    } catch (TooLargeException e) {
      throw SchemaCompiler.unsupported(
          new LinkedHashSet<>(facts.nodes()),
          String.valueOf(e.getMessage()),
          "patternProperties",
          "propertyNames",
          "additionalProperties");
    }
    return keys;
  }

  /** Sets of names, each valid under all that is said about names. */
  private List<Dfa> conditions(Set<SchemaNode> nodes) {
    List<Dfa> all = new ArrayList<>();
    for (Branch branch : compiler.branches().of(nodes)) {
      if (branch.listed().isPresent()) {
        List<String> words = new ArrayList<>();
        for (Json value : Disjointness.values(branch.listed().get())) {
          boolean valid = nodes.stream().allMatch(n -> compiler.validator().isValid(n, value));
          if (valid && value instanceof Json.Str s) {
            words.add(s.value());
          }
        }
        all.add(Dfa.ofWords(words));
      } else if (branch.types().contains(Type.STRING)) {
        all.add(StringFacts.of(branch.nodes(), compiler.patterns(), true, false).toDfa());
      }
    }
    return all;
  }
}
