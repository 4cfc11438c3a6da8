package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code for}. */
record Loop(
    Target target,
    Expr iterable,
    @Nullable Expr condition,
    int loopSlot,
    Scope scope,
    Stmt body,
    @Nullable Stmt otherwise,
    boolean recursive,
    int at)
    implements Stmt {
  @Override
  public int run(Frame f) {
    Object value = iterable.eval(f);
    f.run.at = at;
    f.run.step();
    if (recursive) {
      new Recursion(this, f, 0).loop(value);
      return NEXT;
    }
    return loop(f, value, 0, None.NONE);
  }

  private int loop(Frame f, Object value, int depth, Object recursion) {
    Object[] items = Values.items(value);
    if (condition != null) {
      items = filtered(f, items, condition);
    }
    if (items.length == 0) {
      return otherwise == null ? NEXT : otherwise.run(f);
    }
    LoopInfo info = new LoopInfo(items, depth, recursion);
    int[] own = scope.slots();
    for (int i = 0; i < items.length; i++) {
      f.run.step();
      f.clear(own);
      info.index = i;
      f.slots[loopSlot] = info;
      f.run.at = at;
      target.assign(f, items[i]);
      if (body.run(f) == BREAK) {
        break;
      }
    }
    f.clear(own);
    return NEXT;
  }

  private Object[] filtered(Frame f, Object[] items, Expr test) {
    List<Object> kept = new ArrayList<>(items.length);
    for (Object item : items) {
      f.run.step();
      f.clear(scope.slots());
      target.assign(f, item);
      if (Values.truth(test.eval(f))) {
        kept.add(item);
      }
    }
    return kept.toArray();
  }

  /** What {@code loop(items)} does in a recursive loop: the same, for others. */
  record Recursion(Loop loop, Frame outer, int depth) {
    Text call(Run run, Object value) {
      TextBuilder out = run.out;
      run.out = run.builder();
      new Recursion(loop, outer, depth + 1).loop(value);
      Text text = run.out.toText();
      run.out = out;
      return run.made(text);
    }

    private void loop(Object value) {
      Frame f = new Frame(outer.run, outer.parent, outer.slots.length);
      System.arraycopy(outer.slots, 0, f.slots, 0, f.slots.length);
      outer.run.enter();
      loop.loop(f, value, depth, this);
      outer.run.leave();
    }
  }
}
