package org.ggml4j.schema;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What nodes that hold together say about arrays.
 *
 * @param min length from which on an array is valid
 * @param prefix how many items have schemas of their own
 * @param open whether what comes behind them is described
 * @param unique the node that wants no item twice
 */
record ArrayFacts(
    Collection<SchemaNode> nodes,
    int min,
    int max,
    boolean hasMin,
    int prefix,
    boolean open,
    Optional<SchemaNode> unique) {

  static ArrayFacts of(Collection<SchemaNode> nodes) {
    int min = 0;
    int max = Expr.UNLIMITED;
    boolean hasMin = false;
    int prefix = 0;
    boolean open = false;
    Optional<SchemaNode> unique = Optional.empty();
    for (SchemaNode node : nodes) {
      min = Math.max(min, node.min("minItems"));
      max = Math.min(max, node.max("maxItems"));
      hasMin |= node.has("minItems");
      prefix = Math.max(prefix, prefix(node).size());
      open |= rest(node).isPresent();
      unique = node.flag("uniqueItems") ? Optional.of(node) : unique;
    }
    return new ArrayFacts(nodes, min, max, hasMin, prefix, open || prefix == 0, unique);
  }

  /** Up to draft 2019-09 a list of schemas stood in items, and the rest in additionalItems. */
  private static List<SchemaNode> prefix(SchemaNode node) {
    return node.isList("items") ? node.children("items") : node.children("prefixItems");
  }

  private static Optional<SchemaNode> rest(SchemaNode node) {
    return node.isList("items") ? node.child("additionalItems") : node.child("items");
  }

  /** What one node says of the item at an index. */
  static Optional<SchemaNode> item(SchemaNode node, int index) {
    List<SchemaNode> prefix = prefix(node);
    return index < prefix.size() ? Optional.of(prefix.get(index)) : rest(node);
  }

  /** All that must hold of the item at an index; of all behind the prefix the same. */
  Set<SchemaNode> item(int index) {
    Set<SchemaNode> all = new LinkedHashSet<>();
    nodes.forEach(node -> item(node, index).ifPresent(all::add));
    return all;
  }

  /**
   * Length from which on an array is written: with schemas for single items and no lower limit, all
   * of these, as in llama.cpp.
   */
  int writtenMin() {
    return hasMin ? min : Math.max(min, Math.min(prefix, max));
  }

  int writtenMax() {
    return open ? max : Math.min(max, Math.max(min, prefix));
  }
}
