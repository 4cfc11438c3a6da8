package org.ggml4j.jinja;

/** A method of the variable {@code loop}. */
record LoopCall(LoopInfo loop, String name) implements Callable {
  @Override
  public Object call(Run run, Args args) {
    if (name.equals("changed")) {
      return loop.changed(args);
    }
    if (args.size() == 0) {
      throw new Failure("loop.cycle(): at least one value was expected");
    }
    return args.get(loop.index % args.size());
  }
}
