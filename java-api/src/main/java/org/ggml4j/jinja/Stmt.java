package org.ggml4j.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement. */
sealed interface Stmt
    permits Stmt.Data,
        Stmt.Print,
        Stmt.Block,
        Stmt.If,
        Stmt.Jump,
        Stmt.Set,
        Stmt.Capture,
        Stmt.Inner,
        Stmt.Define,
        Stmt.CallBlock,
        Loop {
  /** What a loop does after a statement. */
  int NEXT = 0;

  int BREAK = 1;
  int CONTINUE = 2;

  /** Runs it; its text goes to the run's output. */
  int run(Frame f);

  /** Text between tags. */
  record Data(Text text) implements Stmt {
    @Override
    public int run(Frame f) {
      f.run.step();
      f.run.out.append(text);
      return NEXT;
    }
  }

  /** {@code {{ value }}}. */
  record Print(Expr value) implements Stmt {
    @Override
    public int run(Frame f) {
      f.run.step();
      Text text = Values.text(value.eval(f));
      f.run.made(text);
      f.run.out.append(text);
      return NEXT;
    }
  }

  /** Statements in a row. */
  record Block(List<Stmt> statements) implements Stmt {
    @Override
    public int run(Frame f) {
      for (int i = 0; i < statements.size(); i++) {
        int next = statements.get(i).run(f);
        if (next != NEXT) {
          return next;
        }
      }
      return NEXT;
    }
  }

  /** {@code if}, its {@code elif}s and its {@code else}. */
  record If(List<Expr> conditions, List<Stmt> bodies, @Nullable Stmt otherwise) implements Stmt {
    @Override
    public int run(Frame f) {
      for (int i = 0; i < conditions.size(); i++) {
        f.run.step();
        if (Values.truth(conditions.get(i).eval(f))) {
          return bodies.get(i).run(f);
        }
      }
      return otherwise == null ? NEXT : otherwise.run(f);
    }
  }

  /** {@code break} or {@code continue}. */
  record Jump(int kind) implements Stmt {
    @Override
    public int run(Frame f) {
      return kind;
    }
  }

  /** {@code set}, to a value. */
  record Set(Target target, Expr value, int at) implements Stmt {
    @Override
    public int run(Frame f) {
      Object assigned = value.eval(f);
      f.run.step();
      f.run.at = at;
      target.assign(f, assigned);
      return NEXT;
    }
  }

  /** A body whose text is filtered, and set to a variable or written. */
  record Capture(@Nullable Target target, Stmt body, Scope scope, List<Expr.Filter> filters, int at)
      implements Stmt {
    @Override
    public int run(Frame f) {
      Run run = f.run;
      run.step();
      TextBuilder out = run.out;
      run.out = run.builder();
      f.clear(scope.slots());
      int next = body.run(f);
      Object value = run.made(run.out.toText());
      run.out = out;
      for (int i = 0; i < filters.size(); i++) {
        Expr.Filter filter = filters.get(i);
        Args args = filter.arguments().eval(f);
        run.at = filter.at();
        value = Filters.apply(run, filter.name(), value, args);
      }
      run.at = at;
      if (target == null) {
        out.append(Values.text(value));
      } else {
        target.assign(f, value);
      }
      return next;
    }
  }

  /** A body with names of its own: {@code with} and {@code generation}. */
  record Inner(List<Integer> slots, List<Expr> values, Scope scope, Stmt body) implements Stmt {
    @Override
    public int run(Frame f) {
      Object[] set = new Object[slots.size()];
      for (int i = 0; i < set.length; i++) {
        set[i] = values.get(i).eval(f);
      }
      f.clear(scope.slots());
      for (int i = 0; i < set.length; i++) {
        f.slots[slots.get(i)] = set[i];
      }
      return body.run(f);
    }
  }

  /** {@code macro}. */
  record Define(int slot, Macro.Definition definition) implements Stmt {
    @Override
    public int run(Frame f) {
      f.slots[slot] = new Macro(definition, f);
      return NEXT;
    }
  }

  /** {@code call}: calls a macro that may call back the body. */
  record CallBlock(Expr.Call call, Macro.Definition body) implements Stmt {
    @Override
    public int run(Frame f) {
      Object function = call.callee().eval(f);
      Args args = call.arguments().eval(f).after(0);
      args.put("caller", new Macro(body, f));
      f.run.at = call.at();
      f.run.step();
      if (!(function instanceof Callable c)) {
        throw new Failure("'" + Values.typeName(function) + "' object is not callable");
      }
      f.run.out.append(Values.text(c.call(f.run, args)));
      return NEXT;
    }
  }
}
