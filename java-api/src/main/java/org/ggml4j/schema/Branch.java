package org.ggml4j.schema;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Nodes that hold together, in which nothing is left to choose: only their own keywords count,
 * those that put schemas together are followed already.
 *
 * @param types that are valid
 * @param written types that are written: if none are named, those that the keywords are about
 */
record Branch(Set<SchemaNode> nodes, Set<Type> types, Set<Type> written) {

  static Branch of(Set<SchemaNode> nodes) {
    Set<Type> types = types(nodes);
    Set<Type> meant = EnumSet.noneOf(Type.class);
    boolean named = false;
    for (SchemaNode node : nodes) {
      named |= node.has("type");
      for (String keyword : node.isSynthetic() ? Set.<String>of() : Set.copyOf(node.assertions())) {
        Type type = Keywords.TYPES.get(keyword);
        if (type != null) {
          meant.addAll(type == Type.NUMBER ? EnumSet.of(Type.INTEGER, type) : EnumSet.of(type));
        }
      }
    }
    if (named || meant.isEmpty()) {
      return new Branch(nodes, types, types);
    }
    meant.retainAll(types);
    return new Branch(nodes, types, meant);
  }

  static Set<Type> types(Iterable<SchemaNode> nodes) {
    Set<Type> types = EnumSet.allOf(Type.class);
    nodes.forEach(node -> types.retainAll(Type.of(node)));
    return types;
  }

  /** The node with the fewest listed values, if only listed values are valid. */
  Optional<SchemaNode> listed() {
    for (SchemaNode node : nodes) {
      if (node.has("const")) {
        return Optional.of(node);
      }
    }
    return nodes.stream()
        .filter(node -> node.has("enum"))
        .min((a, b) -> Integer.compare(a.items("enum").size(), b.items("enum").size()));
  }
}
