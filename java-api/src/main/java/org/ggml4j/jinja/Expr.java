package org.ggml4j.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression; {@code at} is its place in the source. */
sealed interface Expr {
  /** Its value. */
  Object eval(Frame f);

  /** A constant. */
  record Literal(Object value) implements Expr {
    @Override
    public Object eval(Frame f) {
      return value;
    }
  }

  /** A variable. Where it may be is known when all of the template is parsed. */
  final class Name implements Expr {
    final String name;
    private final Scope scope;
    private final Undefined missing;
    private int[] chain = {};

    Name(String name, Scope scope) {
      this.name = name;
      this.scope = scope;
      this.missing = new Undefined("'" + name + "' is undefined");
    }

    void resolve() {
      chain = scope.resolve(name);
    }

    @Override
    public Object eval(Frame f) {
      int[] c = chain;
      for (int i = 0; i < c.length; i += 2) {
        Frame frame = f;
        for (int hops = c[i]; hops > 0 && frame.parent != null; hops--) {
          frame = frame.parent;
        }
        Object value = frame.slots[c[i + 1]];
        if (value != null) {
          return value;
        }
      }
      return missing;
    }
  }

  /** {@code [a, b]} or {@code (a, b)}. */
  record Items(List<Expr> items, Seq.Kind kind) implements Expr {
    @Override
    public Object eval(Frame f) {
      Seq seq = new Seq(kind, items.size());
      for (int i = 0; i < items.size(); i++) {
        seq.add(items.get(i).eval(f));
      }
      f.run.charge(items.size());
      return seq;
    }
  }

  /** {@code {a: b}}. */
  record Pairs(List<Expr> keys, List<Expr> values) implements Expr {
    @Override
    public Object eval(Frame f) {
      Dict dict = new Dict();
      for (int i = 0; i < keys.size(); i++) {
        dict.put(keys.get(i).eval(f), values.get(i).eval(f));
      }
      f.run.charge(keys.size());
      return dict;
    }
  }

  /** {@code of.name}. */
  record Attribute(Expr of, String name, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = of.eval(f);
      f.run.at = at;
      return Members.attribute(f.run, value, name);
    }
  }

  /** {@code of[index]}. */
  record Subscript(Expr of, Expr index, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = of.eval(f);
      Object key = index.eval(f);
      f.run.at = at;
      return Members.item(f.run, value, key);
    }
  }

  /** {@code of[from:to:step]}. */
  record Slice(Expr of, @Nullable Expr from, @Nullable Expr to, @Nullable Expr step, int at)
      implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = of.eval(f);
      Object first = from == null ? None.NONE : from.eval(f);
      Object end = to == null ? None.NONE : to.eval(f);
      Object by = step == null ? None.NONE : step.eval(f);
      f.run.at = at;
      return Members.slice(f.run, value, first, end, by);
    }
  }

  /** {@code callee(arguments)}. */
  record Call(Expr callee, Arguments arguments, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object function = callee.eval(f);
      Args args = arguments.eval(f);
      Run run = f.run;
      run.at = at;
      run.step();
      if (function instanceof Callable c) {
        return c.call(run, args);
      }
      if (function instanceof LoopInfo loop && loop.recursion() instanceof Loop.Recursion r) {
        return r.call(run, args.atMost(1).require(0, "items"));
      }
      if (function instanceof Undefined u) {
        throw u.failure();
      }
      throw new Failure("'" + Values.typeName(function) + "' object is not callable");
    }
  }

  /** {@code input|name(arguments)}. */
  record Filter(Expr input, String name, Arguments arguments, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = input.eval(f);
      Args args = arguments.eval(f);
      f.run.at = at;
      f.run.step();
      return Filters.apply(f.run, name, value, args);
    }
  }

  /** {@code input is name(arguments)}. */
  record Test(Expr input, String name, Arguments arguments, boolean negated, int at)
      implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = input.eval(f);
      Args args = arguments.eval(f);
      f.run.at = at;
      return Tests.apply(f.run, name, value, args) != negated;
    }
  }

  /** {@code -a} or {@code +a}. */
  record Sign(boolean minus, Expr of, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = of.eval(f);
      f.run.at = at;
      return minus ? Numbers.negate(value) : Numbers.plus(value);
    }
  }

  /** {@code left operator right}. */
  record Binary(String operator, Expr left, Expr right, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object a = left.eval(f);
      Object b = right.eval(f);
      f.run.at = at;
      return Operators.apply(f.run, operator, a, b);
    }
  }

  /** {@code a ~ b ~ c}. */
  record Concat(List<Expr> parts, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      TextBuilder out = f.run.builder();
      for (int i = 0; i < parts.size(); i++) {
        Text text = Values.text(parts.get(i).eval(f));
        f.run.at = at;
        out.append(text);
      }
      return f.run.made(out.toText());
    }
  }

  /** {@code a < b <= c}, {@code in} and {@code not in}. */
  record Compare(Expr first, List<String> operators, List<Expr> others, int at) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object left = first.eval(f);
      for (int i = 0; i < others.size(); i++) {
        Object right = others.get(i).eval(f);
        f.run.at = at;
        if (!Operators.compare(f.run, operators.get(i), left, right)) {
          return false;
        }
        left = right;
      }
      return true;
    }
  }

  /** {@code left and right}, whose value is one of the two. */
  record And(Expr left, Expr right) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = left.eval(f);
      return Values.truth(value) ? right.eval(f) : value;
    }
  }

  /** {@code left or right}, whose value is one of the two. */
  record Or(Expr left, Expr right) implements Expr {
    @Override
    public Object eval(Frame f) {
      Object value = left.eval(f);
      return Values.truth(value) ? value : right.eval(f);
    }
  }

  /** {@code not of}. */
  record Not(Expr of) implements Expr {
    @Override
    public Object eval(Frame f) {
      return !Values.truth(of.eval(f));
    }
  }

  /** {@code then if condition else otherwise}. */
  record Conditional(Expr condition, Expr then, @Nullable Expr otherwise) implements Expr {
    private static final Undefined NOTHING =
        new Undefined("the inline if-expression has no else part, and its condition is false");

    @Override
    public Object eval(Frame f) {
      if (Values.truth(condition.eval(f))) {
        return then.eval(f);
      }
      return otherwise == null ? NOTHING : otherwise.eval(f);
    }
  }
}
