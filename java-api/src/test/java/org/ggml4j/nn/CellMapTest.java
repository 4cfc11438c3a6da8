package org.ggml4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The bookkeeping of cells against a plain map from cell to position and owners. */
class CellMapTest {
  private static final int CELLS = 24;
  private static final int SEQUENCES = 4;

  /** What a cell holds. */
  private record Cell(int token, int position, Set<Integer> owners) {}

  @Property(tries = 300)
  void agreesWithAPlainMap(
      @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 9999) Integer> operations) {
    CellMap map = new CellMap(CELLS);
    TreeMap<Integer, Cell> model = new TreeMap<>();
    for (int code : operations) {
      int sequence = code / 10 % SEQUENCES;
      int other = code / 100 % SEQUENCES;
      int from = code / 1000;
      switch (code % 6) {
        case 0, 1 -> take(map, model, sequence, code / 1000 % 2, 1 + code / 100 % 5);
        case 2 -> remove(map, model, sequence, from, from + code / 100 % 7);
        case 3 -> copy(map, model, sequence, other, from);
        case 4 -> reassign(map, model, sequence, other, code / 1000 % SEQUENCES);
        default -> shift(map, model, sequence, from, code / 100 % 5 - 2);
      }
      compare(map, model);
    }
  }

  /** Takes cells for n tokens of one sequence, or in turn of it and the next. */
  private static void take(
      CellMap map, TreeMap<Integer, Cell> model, int first, int others, int n) {
    Batch batch = new Batch();
    int[] next = new int[SEQUENCES];
    for (int s = 0; s < SEQUENCES; s++) {
      next[s] = map.maxPosition(s) + 1;
    }
    for (int i = 0; i < n; i++) {
      int sequence = (first + i % 2 * others) % SEQUENCES;
      batch.add(7 * i + n, next[sequence]++, sequence, false);
    }
    int[] cells = new int[n];
    if (model.size() + n > CELLS) {
      assertThatThrownBy(() -> map.findFree(batch, cells)).isInstanceOf(ContextFullException.class);
      return;
    }
    map.findFree(batch, cells);
    for (int i = 0; i < n; i++) {
      int sequence = batch.sequence(i);
      int last =
          model.entrySet().stream()
              .filter(e -> e.getValue().owners.contains(sequence))
              .mapToInt(Map.Entry::getKey)
              .max()
              .orElse(-1);
      int[] free =
          IntStream.range(0, CELLS)
              .filter(c -> !model.containsKey(c))
              .boxed()
              .sorted(Comparator.comparing((Integer c) -> c < last).thenComparing(c -> c))
              .mapToInt(c -> c)
              .toArray();
      assertThat(cells[i]).isEqualTo(free[0]);
      model.put(
          cells[i], new Cell(batch.token(i), batch.position(i), new TreeSet<>(Set.of(sequence))));
    }
    for (int i = 0; i < n; i++) {
      map.take(cells[i], batch.token(i), batch.position(i), batch.sequence(i));
    }
  }

  /** Lets two sequences get the tokens of each other or of a third. */
  private static void reassign(
      CellMap map, TreeMap<Integer, Cell> model, int first, int second, int source) {
    int[] targets = first == second ? new int[] {first} : new int[] {first, second};
    int[] sources = first == second ? new int[] {source} : new int[] {source, first};
    map.reassign(targets, sources);
    model.replaceAll(
        (cell, c) -> {
          Set<Integer> owners = new TreeSet<>(c.owners);
          for (int target : targets) {
            owners.remove(target);
          }
          for (int i = 0; i < targets.length; i++) {
            if (c.owners.contains(sources[i])) {
              owners.add(targets[i]);
            }
          }
          return new Cell(c.token, c.position, owners);
        });
    model.values().removeIf(c -> c.owners.isEmpty());
  }

  private static void remove(
      CellMap map, TreeMap<Integer, Cell> model, int sequence, int from, int to) {
    map.remove(sequence, from, to);
    model
        .values()
        .forEach(
            c -> {
              if (c.position >= from && c.position < to) {
                c.owners.remove(sequence);
              }
            });
    model.values().removeIf(c -> c.owners.isEmpty());
  }

  private static void copy(
      CellMap map, TreeMap<Integer, Cell> model, int source, int target, int from) {
    map.copy(source, target, from, Integer.MAX_VALUE);
    model
        .values()
        .forEach(
            c -> {
              if (c.position >= from && c.owners.contains(source)) {
                c.owners.add(target);
              }
            });
  }

  private static void shift(
      CellMap map, TreeMap<Integer, Cell> model, int sequence, int from, int delta) {
    List<Integer> moved = new ArrayList<>();
    boolean shared = false;
    boolean negative = false;
    for (var e : model.entrySet()) {
      Cell c = e.getValue();
      if (c.owners.contains(sequence) && c.position >= from) {
        moved.add(e.getKey());
        shared |= c.owners.size() > 1;
        negative |= c.position + delta < 0;
      }
    }
    if (shared || negative) {
      assertThatThrownBy(() -> map.shift(sequence, from, Integer.MAX_VALUE, delta))
          .isInstanceOfAny(IllegalStateException.class, IllegalArgumentException.class);
      return;
    }
    int[] pending = moved.stream().mapToInt(map::pendingShift).toArray();
    map.shift(sequence, from, Integer.MAX_VALUE, delta);
    for (int i = 0; i < moved.size(); i++) {
      int cell = moved.get(i);
      model.computeIfPresent(cell, (k, c) -> new Cell(c.token, c.position + delta, c.owners));
      assertThat(map.pendingShift(cell)).isEqualTo(pending[i] + delta);
    }
  }

  private static void compare(CellMap map, TreeMap<Integer, Cell> model) {
    assertThat(map.used()).isEqualTo(model.size());
    assertThat(map.end()).isEqualTo(model.isEmpty() ? 0 : model.lastKey() + 1);
    for (int cell = 0; cell < CELLS; cell++) {
      Cell c = model.get(cell);
      long owners = 0;
      if (c != null) {
        assertThat(map.position(cell)).isEqualTo(c.position);
        assertThat(map.token(cell)).isEqualTo(c.token);
        for (int s : c.owners) {
          owners |= 1L << s;
        }
      }
      assertThat(map.owners(cell)).isEqualTo(owners);
    }
    for (int s = 0; s < SEQUENCES; s++) {
      int sequence = s;
      int[] positions =
          model.values().stream()
              .filter(c -> c.owners.contains(sequence))
              .mapToInt(Cell::position)
              .sorted()
              .toArray();
      int n = positions.length;
      assertThat(map.maxPosition(s)).isEqualTo(n == 0 ? -1 : positions[n - 1]);
      assertThat(map.minPosition(s)).isEqualTo(n == 0 ? -1 : positions[0]);
    }
  }

  @Test
  void aFreedCellForgetsItsShift() {
    CellMap map = new CellMap(4);
    map.take(0, 5, 0, 0);
    map.take(1, 6, 1, 0);
    map.shift(0, 0, 9, 3);
    assertThat(map.isShiftPending()).isTrue();
    map.remove(0, 4, 5);
    map.take(1, 7, 0, 1);
    assertThat(map.pendingShift(1)).isZero();
    assertThat(map.pendingShift(0)).isEqualTo(3);
    map.shiftDone();
    assertThat(map.isShiftPending()).isFalse();
    assertThat(map.pendingShift(0)).isZero();
  }
}
