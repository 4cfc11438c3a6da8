package org.ggml4j.jinja;

import java.util.List;

/** What a value is assigned to. */
sealed interface Target {
  void assign(Frame f, Object value);

  /** A variable. */
  record Variable(int slot) implements Target {
    @Override
    public void assign(Frame f, Object value) {
      f.slots[slot] = value;
    }
  }

  /** {@code ns.name} of a namespace. */
  record Attribute(Expr.Name of, String name) implements Target {
    @Override
    public void assign(Frame f, Object value) {
      Object namespace = of.eval(f);
      if (!(namespace instanceof Namespace n)) {
        throw new Failure(
            "attributes can be set on namespace objects only, not on '"
                + Values.typeName(namespace)
                + "'");
      }
      n.attributes().put(Text.template(name), value);
    }
  }

  /** {@code a, b}. */
  record Several(List<Target> targets) implements Target {
    @Override
    public void assign(Frame f, Object value) {
      if (value instanceof Undefined u) {
        throw u.failure();
      }
      Object[] items = Values.items(value);
      if (items.length != targets.size()) {
        throw new Failure(
            targets.size() + " values to unpack were expected, " + items.length + " were found");
      }
      for (int i = 0; i < items.length; i++) {
        targets.get(i).assign(f, items[i]);
      }
    }
  }
}
