package org.ggml4j.jinja;

/** The variable {@code loop}. */
final class LoopInfo {
  final Object[] items;
  final int depth;
  int index;

  /** What {@code loop(...)} runs, in a loop that says {@code recursive}. */
  private final Object recursion;

  private Object last = None.NONE;
  private boolean asked;

  LoopInfo(Object[] items, int depth, Object recursion) {
    this.items = items;
    this.depth = depth;
    this.recursion = recursion;
  }

  Object recursion() {
    return recursion;
  }

  Object attribute(String name) {
    return switch (name) {
      case "index0" -> (long) index;
      case "index" -> (long) index + 1;
      case "first" -> index == 0;
      case "last" -> index == items.length - 1;
      case "length" -> (long) items.length;
      case "revindex0" -> (long) items.length - index - 1;
      case "revindex" -> (long) items.length - index;
      case "previtem" -> index > 0 ? items[index - 1] : new Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < items.length ? items[index + 1] : new Undefined("there is no next item");
      case "depth" -> (long) depth + 1;
      case "depth0" -> (long) depth;
      case "cycle", "changed" -> new LoopCall(this, name);
      default -> new Undefined("'LoopContext object' has no attribute '" + name + "'");
    };
  }

  /** Whether a value differs from that of the last time. */
  boolean changed(Args args) {
    Seq value = new Seq(Seq.Kind.TUPLE, args.size());
    for (int i = 0; i < args.size(); i++) {
      value.add(args.get(i));
    }
    boolean changed = !asked || !Values.equal(value, last);
    asked = true;
    last = value;
    return changed;
  }
}
