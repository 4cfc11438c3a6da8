package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Writes a schema's grammar. A rule belongs to a set of nodes that hold together at some place, and
 * is named after the place where they first did: {@code address-city}, {@code tags-item}, {@code
 * ref-defs-node}.
 */
final class SchemaCompiler {
  private static final int MAX_DEPTH = 250;

  private final SchemaDocument document;
  private final Rules rules;
  private final Patterns patterns = new Patterns();
  private final Branches branches = new Branches(patterns);
  private final SchemaValidator validator = new SchemaValidator(patterns);
  private final Map<Set<SchemaNode>, Expr> written = new HashMap<>();
  private final Map<Set<SchemaNode>, String> inProgress = new HashMap<>();
  private final Set<String> used = new HashSet<>();
  private final ScalarWriter scalars;
  private final ArrayWriter arrays;
  private final ObjectWriter objects;
  private int depth;

  private SchemaCompiler(SchemaDocument document, Notation notation) {
    this.document = document;
    rules = new Rules(notation);
    scalars = new ScalarWriter(rules, patterns);
    arrays = new ArrayWriter(this);
    objects = new ObjectWriter(this);
  }

  static String toGbnf(SchemaDocument document, Notation notation) {
    SchemaCompiler compiler = new SchemaCompiler(document, notation);
    return compiler.toGbnf(top -> compiler.body(top, ""));
  }

  /** The texts that are valid, as they are, without those that contain a mark. */
  static String toPlainGbnf(SchemaDocument document, String mark) {
    SchemaCompiler compiler = new SchemaCompiler(document, Notation.JSON);
    return compiler.toGbnf(top -> compiler.plain(top, mark));
  }

  private String toGbnf(Function<Set<SchemaNode>, Expr> root) {
    String gbnf;
    try {
      Set<SchemaNode> top = simplified(new LinkedHashSet<>(Set.of(document.root())));
      inProgress.put(top, "root");
      rules.define("root", root.apply(top));
      gbnf = rules.toGbnf();
    } catch (TooLargeException e) {
      throw new SchemaException("", String.valueOf(e.getMessage()));
    }
    if (gbnf.isEmpty()) {
      throw new SchemaException("", "no value is valid under it");
    }
    return gbnf;
  }

  private Expr plain(Set<SchemaNode> nodes, String mark) {
    List<Expr> options = new ArrayList<>();
    for (Branch branch : branches.of(nodes)) {
      if (branch.listed().isPresent()) {
        for (Json value : valid(branch, nodes)) {
          boolean fits = value instanceof Json.Str s && !s.value().contains(mark);
          options.add(fits ? Expr.lit(((Json.Str) value).value()) : Expr.never());
        }
      } else if (branch.written().contains(Type.STRING)) {
        StringFacts facts = StringFacts.of(branch.nodes(), patterns, true, false);
        options.add(scalars.plain(facts, mark));
      }
    }
    return Expr.alt(options);
  }

  Rules rules() {
    return rules;
  }

  Patterns patterns() {
    return patterns;
  }

  Branches branches() {
    return branches;
  }

  SchemaValidator validator() {
    return validator;
  }

  ScalarWriter scalars() {
    return scalars;
  }

  /**
   * The values that are valid under all of some nodes.
   *
   * @param path what to name a rule by
   */
  Expr write(Set<SchemaNode> nodes, String path) {
    Set<SchemaNode> all = simplified(nodes);
    Expr known = written.get(all);
    if (known != null) {
      return known;
    }
    String busy = inProgress.get(all);
    if (busy != null) {
      used.add(busy);
      return new Expr.Ref(busy);
    }
    if (++depth > MAX_DEPTH) {
      throw new SchemaException(
          nodes.iterator().next().pointer(), "schemas nested deeper than " + MAX_DEPTH);
    }
    String wish = name(all, path);
    String name = rules.newName(wish);
    inProgress.put(all, name);
    Expr body = body(all, name);
    inProgress.remove(all);
    depth--;
    boolean small =
        body instanceof Expr.Ref || body instanceof Expr.Lit || body.equals(Expr.never());
    if (small && !used.contains(name)) {
      rules.release(name);
    } else {
      body = rules.define(name, body);
    }
    written.put(all, body);
    return body;
  }

  /** What a rule for a place that was referred to is named by, or the way to it. */
  private String name(Set<SchemaNode> nodes, String path) {
    SchemaNode first = nodes.isEmpty() ? document.root() : nodes.iterator().next();
    return nodes.size() == 1 && document.isReferenced(first) ? "ref" + first.key() : path;
  }

  /** Without nodes that say nothing; those that only refer to others are replaced by these. */
  private Set<SchemaNode> simplified(Set<SchemaNode> nodes) {
    Set<SchemaNode> all = new LinkedHashSet<>();
    for (SchemaNode node : nodes) {
      SchemaNode target = Branches.target(node);
      if (!target.saysNothing()) {
        all.add(target);
      }
    }
    return all;
  }

  private Expr body(Set<SchemaNode> nodes, String path) {
    if (nodes.isEmpty()) {
      return Primitive.VALUE.in(rules);
    }
    List<Branch> found = branches.of(nodes);
    if (found.size() == 1) {
      return isReference(found.get(0)) && !found.get(0).nodes().equals(nodes)
          ? write(found.get(0).nodes(), path)
          : branch(found.get(0), nodes, path);
    }
    List<Expr> options = new ArrayList<>();
    for (Branch branch : found) {
      String wish = (path.isEmpty() ? "alternative" : path) + "-" + options.size();
      options.add(alternative(branch, nodes, wish));
    }
    return Expr.alt(options);
  }

  private Expr alternative(Branch branch, Set<SchemaNode> nodes, String path) {
    return isReference(branch) && !branch.nodes().equals(nodes)
        ? write(branch.nodes(), path)
        : rules.named(path, branch(branch, nodes, path));
  }

  /** Whether a branch is one schema that is referred to, and so has a rule of its own. */
  private boolean isReference(Branch branch) {
    SchemaNode first =
        branch.nodes().isEmpty() ? document.root() : branch.nodes().iterator().next();
    return branch.nodes().size() == 1
        && document.isReferenced(first)
        && first.assertions().stream().allMatch(Keywords::isPlain);
  }

  private Expr branch(Branch branch, Set<SchemaNode> nodes, String path) {
    if (branch.nodes().isEmpty()) {
      return Primitive.VALUE.in(rules);
    }
    try {
      if (branch.listed().isPresent()) {
        return listed(branch, nodes);
      }
      List<Expr> options = new ArrayList<>();
      Set<Type> types = EnumSet.copyOf(branch.written());
      if (types.contains(Type.INTEGER) && types.contains(Type.NUMBER)) {
        types.remove(Type.INTEGER); // whole numbers are numbers
      }
      for (Type type : types) {
        String wish =
            types.size() == 1 ? path : path + "-" + type.name().toLowerCase(java.util.Locale.ROOT);
        Expr option = typed(type, branch, wish);
        boolean named = types.size() == 1 || option instanceof Expr.Ref;
        options.add(named ? option : rules.named(wish, option));
      }
      return Expr.alt(options);
    } catch (TooLargeException e) {
      throw new SchemaException(
          branch.nodes().iterator().next().pointer(), String.valueOf(e.getMessage()));
    }
  }

  private Expr listed(Branch branch, Set<SchemaNode> nodes) {
    List<Expr> options = new ArrayList<>();
    valid(branch, nodes).forEach(v -> options.add(rules.notation().value(rules, v)));
    return Expr.alt(options);
  }

  /** Those of a branch's listed values that are valid. */
  private List<Json> valid(Branch branch, Set<SchemaNode> nodes) {
    Set<SchemaNode> all = new LinkedHashSet<>(nodes);
    all.addAll(branch.nodes());
    List<Json> valid = new ArrayList<>();
    for (Json value : Disjointness.values(branch.listed().orElseThrow())) {
      if (all.stream().allMatch(node -> validator.isValid(node, value))
          && StringFacts.hasFormats(value, branch.nodes(), patterns)) {
        valid.add(value);
      }
    }
    return valid;
  }

  private Expr typed(Type type, Branch branch, String path) {
    Set<SchemaNode> nodes = branch.nodes();
    return switch (type) {
      case NULL -> scalars.nothing(nodes);
      case BOOLEAN -> scalars.booleans(nodes);
      case INTEGER, NUMBER -> scalars.numbers(branch, path);
      case STRING -> scalars.string(nodes, path);
      case ARRAY -> arrays.write(nodes, path);
      case OBJECT -> objects.write(nodes, path);
    };
  }

  static String below(String path, String name) {
    return path.isEmpty() ? name : path + "-" + name;
  }

  /** The first node that has one of some keywords, and which; the first of all otherwise. */
  static UnsupportedSchemaException unsupported(
      Set<SchemaNode> nodes, String problem, String... keywords) {
    for (String keyword : keywords) {
      for (SchemaNode node : nodes) {
        if (node.has(keyword)) {
          String named = keyword.equals(Keywords.NOT_ENUM) ? node.listKeyword() : keyword;
          return new UnsupportedSchemaException(node.pointer(), named, problem);
        }
      }
    }
    return new UnsupportedSchemaException(nodes.iterator().next().pointer(), keywords[0], problem);
  }
}
