package org.ggml4j.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What stands between a call's parentheses. */
record Arguments(
    List<Expr> positional,
    List<String> names,
    List<Expr> named,
    @Nullable Expr star,
    @Nullable Expr doubleStar) {
  static final Arguments NONE = new Arguments(List.of(), List.of(), List.of(), null, null);

  Args eval(Frame f) {
    if (positional.isEmpty() && names.isEmpty() && star == null && doubleStar == null) {
      return Args.NONE;
    }
    Args args = new Args(positional.size());
    for (int i = 0; i < positional.size(); i++) {
      args.add(positional.get(i).eval(f));
    }
    if (star != null) {
      for (Object value : Values.items(star.eval(f))) {
        args.add(value);
      }
    }
    for (int i = 0; i < names.size(); i++) {
      args.put(names.get(i), named.get(i).eval(f));
    }
    if (doubleStar != null) {
      if (!(doubleStar.eval(f) instanceof Dict dict)) {
        throw new Failure("a dict was expected after '**'");
      }
      for (int i = 0; i < dict.size(); i++) {
        args.put(dict.key(i).toString(), dict.value(i));
      }
    }
    return args;
  }
}
