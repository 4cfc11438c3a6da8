package org.ggml4j.nn;

import java.util.Arrays;

/**
 * Makes room in a sequence by dropping tokens behind its first ones, as in StreamingLLM (arXiv
 * 2309.17453): the first few tokens, to which attention gives what it has left over, stay, and the
 * later ones move up. Where whole pages are dropped, every token keeps the place that its position
 * has in a page; see {@link Placement}.
 */
final class Discarding {
  private static final int PAGE = Placement.PAGE;

  private final CellMap map;
  private final CellRows rows;

  Discarding(CellMap map, CellRows rows) {
    this.map = map;
    this.rows = rows;
  }

  /** How many cells become free; negative if more are taken by copies. */
  int gain(int sequence, int keep, int n) {
    int gain = 0;
    for (int cell : map.cells(sequence)) {
      boolean alone = map.owners(cell) == 1L << sequence;
      if (map.position(cell) >= keep + n) {
        gain -= alone ? 0 : 1;
      } else if (map.position(cell) >= keep) {
        gain += alone ? 1 : 0;
      }
    }
    return gain;
  }

  /** Throws if there is no room for the copies that are needed. */
  void checkRoom(int sequence, int keep, int n) {
    int gain = gain(sequence, keep, n);
    if (map.used() - gain > map.nCells()) {
      throw new ContextFullException(map.nCells(), map.used(), -gain);
    }
  }

  void discard(int sequence, int keep, int n) {
    checkRoom(sequence, keep, n);
    map.remove(sequence, keep, keep + n);
    own(sequence, keep + n, Integer.MAX_VALUE);
    map.shift(sequence, keep + n, Integer.MAX_VALUE, -n);
    joinPage(sequence, keep);
  }

  /** How many tokens in a range of positions others have too. */
  int copiesToOwn(int sequence, int from, int to) {
    return (int)
        Arrays.stream(map.cells(sequence))
            .filter(c -> map.position(c) >= from && map.position(c) < to)
            .filter(c -> map.owners(c) != 1L << sequence)
            .count();
  }

  /**
   * Gives a sequence its own copies of the tokens in a range of positions that others have too.
   *
   * @throws ContextFullException if there is no room for them; nothing was changed
   */
  void own(int sequence, int from, int to) {
    map.checkRoom(copiesToOwn(sequence, from, to));
    long bit = 1L << sequence;
    int[] cells =
        Arrays.stream(map.cells(sequence))
            .filter(c -> map.position(c) >= from && map.position(c) < to)
            .toArray();
    int before = from > 0 ? map.cell(sequence, from - 1) : -1;
    int last = before < 0 ? -1 : before / PAGE; // page of the tokens before
    for (int begin = 0; begin < cells.length; ) {
      int page = cells[begin] / PAGE;
      int end = begin;
      boolean shared = false;
      for (; end < cells.length && cells[end] / PAGE == page; end++) {
        shared |= map.owners(cells[end]) != bit;
      }
      last = shared ? movePage(sequence, cells, begin, end, last) : page;
      begin = end;
    }
  }

  /** Moves cells of a page to the same places of a free one, or else to any; their last page. */
  private int movePage(int sequence, int[] cells, int begin, int end, int after) {
    int n = end - begin;
    int[] from = new int[n];
    int[] to = new int[n];
    System.arraycopy(cells, begin, from, 0, n);
    int page = freePage(after + 1);
    if (page >= 0) {
      for (int i = 0; i < n; i++) {
        to[i] = page * PAGE + from[i] % PAGE;
      }
    } else {
      n = keepShared(sequence, from);
      findFree(n, to);
    }
    move(sequence, from, to, n);
    return to[n - 1] / PAGE;
  }

  private void findFree(int n, int[] to) {
    int cell = 0;
    for (int i = 0; i < n; i++) {
      while (!map.isFree(cell, cell + 1)) {
        cell++;
      }
      to[i] = cell++;
    }
  }

  /** Leaves the cells that others have too, and returns how many these are. */
  private int keepShared(int sequence, int[] from) {
    int n = 0;
    for (int cell : from) {
      if (map.owners(cell) != 1L << sequence) {
        from[n++] = cell;
      }
    }
    return n;
  }

  private int freePage(int first) {
    int nPages = map.nCells() / PAGE;
    for (int i = 0; i < nPages; i++) {
      int page = (first + i) % nPages;
      if (map.isFree(page * PAGE, page * PAGE + PAGE)) {
        return page;
      }
    }
    return -1;
  }

  /** Brings the tokens before {@code keep} into the page of that position, if they belong there. */
  private void joinPage(int sequence, int keep) {
    int n = keep % PAGE;
    int cell = map.cell(sequence, keep);
    if (n == 0 || cell < 0 || cell % PAGE != n || !map.isFree(cell - n, cell)) {
      return;
    }
    int[] from = new int[n];
    int[] to = new int[n];
    for (int i = 0; i < n; i++) {
      from[i] = map.cell(sequence, keep - n + i);
      to[i] = cell - n + i;
      if (from[i] < 0) {
        return;
      }
    }
    move(sequence, from, to, n);
  }

  private void move(int sequence, int[] from, int[] to, int n) {
    rows.copy(from, to, n);
    for (int i = 0; i < n; i++) {
      map.move(from[i], to[i], sequence);
    }
  }
}
