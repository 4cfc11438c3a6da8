package org.ggml4j.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A macro, or the body of a call block, and the frame it was defined in. */
record Macro(Definition definition, Frame defined) implements Callable {

  /** The slots of what a macro gets without a parameter for it; -1 where it does not ask for it. */
  record Extras(int caller, int varargs, int kwargs) {}

  /** What stands in the template. */
  record Definition(
      String name,
      List<String> parameters,
      List<Integer> slots,
      List<Expr> defaults,
      Extras extras,
      Scope scope,
      Stmt body) {}

  String name() {
    return definition.name();
  }

  @Override
  public Object call(Run run, Args args) {
    Definition d = definition;
    Frame f = new Frame(run, defined, d.scope().size());
    run.enter();
    bind(d, f, args);
    TextBuilder out = run.out;
    run.out = run.builder();
    d.body().run(f);
    Text text = run.out.toText();
    run.out = out;
    run.leave();
    return run.made(text);
  }

  private static void bind(Definition d, Frame f, Args args) {
    int n = d.parameters().size();
    int without = n - d.defaults().size();
    for (int i = 0; i < n; i++) {
      Object value = i < args.size() ? args.get(i) : null;
      Object named = args.names().isEmpty() ? null : args.find(d.parameters().get(i));
      if (value != null && named != null) {
        throw new Failure(
            "macro '" + d.name() + "' got the argument '" + d.parameters().get(i) + "' twice");
      }
      f.slots[d.slots().get(i)] = value == null ? named : value;
    }
    for (int i = 0; i < n; i++) {
      int slot = d.slots().get(i);
      if (f.slots[slot] == null) {
        f.slots[slot] =
            i >= without
                ? d.defaults().get(i - without).eval(f)
                : new Undefined("parameter '" + d.parameters().get(i) + "' was not provided");
      }
    }
    extras(d, f, args);
  }

  private static void extras(Definition d, Frame f, Args args) {
    Extras extras = d.extras();
    int n = d.parameters().size();
    if (extras.varargs() >= 0) {
      Seq rest = new Seq(Seq.Kind.TUPLE, Math.max(0, args.size() - n));
      for (int i = n; i < args.size(); i++) {
        rest.add(args.get(i));
      }
      f.slots[extras.varargs()] = rest;
    } else if (args.size() > n) {
      throw new Failure("macro '" + d.name() + "' takes not more than " + n + " arguments");
    }
    Dict others = new Dict();
    for (int i = 0; i < args.names().size(); i++) {
      String name = args.names().get(i);
      if (name.equals("caller") && extras.caller() >= 0) {
        f.slots[extras.caller()] = args.named(i);
      } else if (!d.parameters().contains(name)) {
        if (extras.kwargs() < 0) {
          throw new Failure("macro '" + d.name() + "' takes no argument '" + name + "'");
        }
        others.put(Text.template(name), args.named(i));
      }
    }
    if (extras.kwargs() >= 0) {
      f.slots[extras.kwargs()] = others;
    }
    if (extras.caller() >= 0 && f.slots[extras.caller()] == null) {
      f.slots[extras.caller()] = new Undefined("no caller is defined");
    }
  }

  /** As a record of frames it would be shown, and compared, through all of them. */
  @Override
  public boolean equals(@Nullable Object o) {
    return this == o;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return "<Macro '" + name() + "'>";
  }
}
