package org.ggml4j.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A matcher as simple as can be, to compare with: the set of all lists of expressions that a text
 * may still have to go through, character by character; and bytes by trying out all characters.
 */
final class NaiveMatcher {
  /** There are more ways through the grammar than this can follow. */
  static final class TooManyException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static final int MAX_LISTS = 20_000;
  private static final int MAX_WORK = 300_000;
  private static final int NOTHING = 0;

  private final Map<String, Expr.Rule> rules;
  private final Map<Expr, Integer> ids = new HashMap<>();
  private final List<Expr> exprs = new ArrayList<>();

  /** A list of expressions: the first one, and the number of the list of the others. */
  private record Cell(int head, int tail) {}

  private final Map<Cell, Integer> lists = new HashMap<>();
  private final List<Cell> cells = new ArrayList<>();
  private final Map<Integer, Set<Integer>> expansions = new HashMap<>();
  private int work;

  NaiveMatcher(String gbnf) {
    this.rules = GrammarParser.parse(new Source(gbnf));
    cells.add(new Cell(-1, -1));
  }

  /**
   * The lists that a text may still have to go through, and the bytes of an unfinished character.
   */
  record State(Set<Integer> lists, List<Byte> unfinished) {
    static final State DEAD = new State(Set.of(), List.of());

    boolean accepting() {
      return unfinished.isEmpty() && lists.contains(NOTHING);
    }

    boolean dead() {
      return lists.isEmpty();
    }
  }

  State start() {
    return new State(expand(push(new Expr.Reference("root", 0), NOTHING)), List.of());
  }

  private int push(Expr e, int tail) {
    int head =
        ids.computeIfAbsent(
            e,
            x -> {
              exprs.add(x);
              return exprs.size() - 1;
            });
    Cell cell = new Cell(head, tail);
    return lists.computeIfAbsent(
        cell,
        c -> {
          cells.add(c);
          return cells.size() - 1;
        });
  }

  private Expr head(int list) {
    return exprs.get(cells.get(list).head);
  }

  private int tail(int list) {
    return cells.get(list).tail;
  }

  private void work(int amount) {
    work += amount;
    if (work > MAX_WORK || cells.size() > MAX_LISTS) {
      throw new TooManyException();
    }
  }

  private Set<Integer> expandAll(Set<Integer> from) {
    Set<Integer> all = new HashSet<>();
    from.forEach(list -> all.addAll(expand(list)));
    return all;
  }

  /** All lists that begin with a character or a token, or are empty, that a list stands for. */
  private Set<Integer> expand(int from) {
    Set<Integer> known = expansions.get(from);
    if (known != null) {
      return known;
    }
    Set<Integer> seen = new HashSet<>();
    Set<Integer> done = new HashSet<>();
    Deque<Integer> todo = new ArrayDeque<>(List.of(from));
    while (!todo.isEmpty()) {
      int list = todo.pop();
      if (!seen.add(list)) {
        continue;
      }
      work(1);
      if (list == NOTHING || head(list) instanceof Expr.Chars || head(list) instanceof Expr.Token) {
        done.add(list);
      } else {
        replaceHead(head(list), tail(list), todo);
      }
    }
    expansions.put(from, done);
    return done;
  }

  private void replaceHead(Expr head, int tail, Deque<Integer> todo) {
    if (head instanceof Expr.Literal literal) {
      int[] chars = literal.text().codePoints().toArray();
      int all = tail;
      for (int i = chars.length - 1; i >= 0; i--) {
        CodePoints one = new CodePoints(List.of(new CodePoints.Range(chars[i], chars[i])));
        all = push(new Expr.Chars(one), all);
      }
      todo.push(all);
    } else if (head instanceof Expr.Reference reference) {
      todo.push(push(rules.get(reference.rule()).body(), tail));
    } else if (head instanceof Expr.Sequence sequence) {
      int all = tail;
      for (int i = sequence.parts().size() - 1; i >= 0; i--) {
        all = push(sequence.parts().get(i), all);
      }
      todo.push(all);
    } else if (head instanceof Expr.Choice choice) {
      choice.alternates().forEach(e -> todo.push(push(e, tail)));
    } else {
      Expr.Repeat r = (Expr.Repeat) head;
      if (r.min() == 0) {
        todo.push(tail);
      }
      if (r.max() > 0) {
        int max = r.max() == Expr.UNLIMITED ? r.max() : r.max() - 1;
        Expr again = new Expr.Repeat(r.body(), Math.max(0, r.min() - 1), max, 0);
        todo.push(push(r.body(), push(again, tail)));
      }
    }
  }

  /** After a token: its text, or what the grammar says about tokens. */
  State token(State state, byte[] text, Predicate<Expr.Token> fits) {
    State byText = text.length == 0 ? State.DEAD : bytes(state, text);
    Set<Integer> next = new HashSet<>();
    for (int list : state.lists) {
      boolean token = state.unfinished.isEmpty() && list != NOTHING;
      if (token && head(list) instanceof Expr.Token t && fits.test(t)) {
        next.add(tail(list));
      }
    }
    if (next.isEmpty()) {
      return byText;
    }
    // Whole characters only: what is read as a token has no unfinished ones.
    Set<Integer> all = new HashSet<>(expandAll(next));
    if (byText.unfinished.isEmpty()) {
      all.addAll(byText.lists);
    } else {
      throw new TooManyException();
    }
    return new State(all, List.of());
  }

  private State bytes(State state, byte[] text) {
    State at = state;
    for (byte b : text) {
      at = at.dead() ? at : step(at, b);
    }
    return at;
  }

  private State step(State state, byte b) {
    List<Byte> bytes = new ArrayList<>(state.unfinished);
    bytes.add(b);
    Set<Integer> whole = new HashSet<>();
    Set<Integer> part = new HashSet<>();
    work(state.lists.size());
    for (int list : state.lists) {
      if (list != NOTHING && head(list) instanceof Expr.Chars chars) {
        for (CodePoints.Range range : chars.set().ranges()) {
          Fit fit = fit(range, bytes);
          if (fit == Fit.WHOLE) {
            whole.add(tail(list));
          } else if (fit == Fit.PART) {
            part.add(list);
          }
        }
      }
    }
    if (!whole.isEmpty()) {
      return new State(expandAll(whole), List.of());
    }
    return part.isEmpty() ? State.DEAD : new State(part, bytes);
  }

  private enum Fit {
    NONE,
    PART,
    WHOLE
  }

  /** How the bytes fit the characters of a range. */
  private static Fit fit(CodePoints.Range range, List<Byte> bytes) {
    int c = range.first();
    while (c <= range.last()) {
      byte[] utf8 = Character.toString(c).getBytes(StandardCharsets.UTF_8);
      int i = 0;
      while (i < bytes.size() && i < utf8.length && utf8[i] == bytes.get(i)) {
        i++;
      }
      if (i == bytes.size()) {
        return i == utf8.length ? Fit.WHOLE : Fit.PART;
      }
      // Characters that begin with the same i + 1 bytes are passed over together.
      int block = i < utf8.length ? 1 << 6 * (utf8.length - 1 - i) : 1;
      c = (c / block + 1) * block;
    }
    return Fit.NONE;
  }
}
