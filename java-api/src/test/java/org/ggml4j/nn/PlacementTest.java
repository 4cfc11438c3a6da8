package org.ggml4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Where the tokens of growing, forking and shrinking sequences go. */
class PlacementTest {
  private static final int SEQUENCES = 5;

  private final Batch batch = new Batch();
  private int token;

  /** Appends tokens to a sequence as a cache does it. */
  private void append(CellMap map, List<Integer> text, int sequence, int n) {
    batch.clear();
    List<Integer> added = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      batch.add(token, text.size() + i, sequence, false);
      added.add(token++);
    }
    take(map, batch);
    text.addAll(added);
  }

  private static void take(CellMap map, Batch batch) {
    Placement placement = new Placement(map);
    if (!placement.find(batch, true)) {
      placement.slide(
          (from, to) -> {
            assertThat(to).isLessThan(from);
            assertThat(map.isFree(to, to + 64)).isTrue();
            map.slide(from, to, Math.min(64, map.nCells() - from));
          });
      assertThat(placement.find(batch, false)).isTrue();
    }
    for (int i = 0; i < placement.nMoves(); i++) {
      assertThat(map.owners(placement.movesTo()[i])).isZero();
      map.move(placement.movesFrom()[i], placement.movesTo()[i], placement.mover());
    }
    for (int i = 0; i < batch.size(); i++) {
      assertThat(map.owners(placement.cell(i))).isZero();
      map.take(placement.cell(i), batch.token(i), batch.position(i), batch.sequence(i));
    }
  }

  /** Runs operations on a map and on plain lists; the lists. */
  private List<List<Integer>> run(CellMap map, List<Integer> operations, boolean roomy) {
    List<List<Integer>> texts = new ArrayList<>();
    for (int s = 0; s < SEQUENCES; s++) {
      texts.add(new ArrayList<>());
    }
    for (int code : operations) {
      int sequence = code % SEQUENCES;
      int other = code / 10 % SEQUENCES;
      int n = code / 100;
      List<Integer> text = texts.get(sequence);
      switch (code / 50 % 4) {
        case 0, 1 -> {
          if (n + 1 <= map.nCells() - map.used()) {
            append(map, text, sequence, n + 1);
          } else {
            assertThatThrownBy(() -> append(map, text, sequence, n + 1))
                .isInstanceOf(ContextFullException.class);
          }
        }
        case 2 -> {
          if (other != sequence) {
            map.remove(other, 0, Integer.MAX_VALUE);
            map.copy(sequence, other, 0, Integer.MAX_VALUE);
            texts.set(other, new ArrayList<>(text));
          }
        }
        default -> {
          int length = Math.min(text.size(), n);
          map.remove(sequence, length, Integer.MAX_VALUE);
          texts.set(sequence, new ArrayList<>(text.subList(0, length)));
        }
      }
      check(map, texts, roomy);
    }
    return texts;
  }

  private static void check(CellMap map, List<List<Integer>> texts, boolean roomy) {
    for (int s = 0; s < SEQUENCES; s++) {
      List<Integer> found = new ArrayList<>();
      Map<Integer, Integer> pages = new HashMap<>();
      if (roomy) {
        assertThat(map.cells(s)).as("pages in order").isSorted();
      }
      for (int cell : map.cells(s)) {
        found.add(map.token(cell));
        if (roomy) {
          int position = map.position(cell);
          assertThat(cell % 64).as("place in its page").isEqualTo(position % 64);
          int page = pages.computeIfAbsent(position / 64, p -> cell / 64);
          assertThat(cell / 64).as("page of position " + position).isEqualTo(page);
        }
      }
      assertThat(found).isEqualTo(texts.get(s));
    }
  }

  @Property(tries = 200)
  void whereThereIsRoomEveryTokenHasThePlaceOfItsPosition(
      @ForAll @Size(max = 40) List<@IntRange(min = 0, max = 15_000) Integer> operations) {
    // Forty times up to 151 tokens, and no sequence leaves more than a part of a page behind.
    run(new CellMap(64 * 500), operations, true);
  }

  /** Of texts that come and go, never more than fits, with pages that are slid together. */
  @Property(tries = 200)
  void pagesStayInOrderWhenTextsComeAndGo(
      @ForAll @Size(min = 40, max = 60) List<@IntRange(min = 0, max = 200) Integer> lengths) {
    CellMap map = new CellMap(64 * (SEQUENCES * 4 + 1));
    List<List<Integer>> texts = new ArrayList<>();
    for (int s = 0; s < SEQUENCES; s++) {
      texts.add(new ArrayList<>());
    }
    for (int i = 0; i < lengths.size(); i++) {
      int sequence = Math.floorMod(lengths.get(i) * 7 + i, SEQUENCES);
      List<Integer> text = texts.get(sequence);
      if (text.size() + lengths.get(i) > 256) {
        int keep = Math.min(text.size(), 256 - lengths.get(i)) / 2;
        map.remove(sequence, keep, Integer.MAX_VALUE);
        text.subList(keep, text.size()).clear();
      }
      if (lengths.get(i) > 0) {
        append(map, text, sequence, lengths.get(i));
      }
      check(map, texts, true);
    }
  }

  @Property(tries = 500)
  void aTightCacheIsUsedToTheLastCell(
      @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 6_000) Integer> operations,
      @ForAll @IntRange(min = 1, max = 300) int nCells) {
    CellMap map = new CellMap(nCells);
    List<List<Integer>> texts = run(map, operations, false);
    int room = map.nCells() - map.used();
    if (room > 0) {
      append(map, texts.get(0), 0, room);
      check(map, texts, false);
    }
    assertThat(map.used()).isEqualTo(nCells);
  }

  @Test
  void aLoneSequenceIsStoredInOnePiece() {
    CellMap map = new CellMap(200);
    List<Integer> text = new ArrayList<>();
    for (int n : new int[] {10, 1, 60, 100, 29}) {
      append(map, text, 0, n);
      assertThat(map.end()).isEqualTo(text.size());
    }
    assertThat(map.used()).isEqualTo(200);
  }

  @Test
  void theCommonPartOfAPageIsCopiedWhenTheSecondWrites() {
    CellMap map = new CellMap(400);
    List<Integer> first = new ArrayList<>();
    append(map, first, 0, 100);
    map.copy(0, 1, 0, Integer.MAX_VALUE);
    List<Integer> second = new ArrayList<>(first);
    append(map, first, 0, 1);
    assertThat(map.used()).as("the first goes on where it is").isEqualTo(101);
    append(map, second, 1, 1);
    assertThat(map.used()).isEqualTo(101 + 36 + 1);
    assertThat(map.cells(1)).startsWith(map.cells(0)[0]).endsWith(2 * 64 + 36);
    assertThat(map.owners(63)).as("the full page stays common").isEqualTo(3);
    assertThat(map.owners(64)).isEqualTo(1);
  }

  @Test
  void severalSequencesTakeTheLowestCells() {
    CellMap map = new CellMap(100);
    batch.add(1, 0, 0, false);
    batch.add(2, 0, 1, false);
    batch.add(3, 1, 0, false);
    take(map, batch);
    assertThat(map.cells(0)).containsExactly(0, 2);
    assertThat(map.cells(1)).containsExactly(1);
    assertThat(map.token(2)).isEqualTo(3);
  }
}
