package org.ggml4j.nn;

/**
 * Decides which cells the tokens of a batch get.
 *
 * <p>The tokens of one sequence go into pages of 64 cells, each to the place in its page that its
 * position has; a page is begun only where all of it is free, and behind the sequence's earlier
 * pages. Attention computes in blocks of at most 64 cells, and adding nothing for the cells of
 * others is exact: so a sequence's results are the same to the last bit, whatever else the cache
 * holds. Where another sequence has gone on in the page they share, the own part of the page is
 * copied before it is written to, as PagedAttention does (arXiv 2309.06180, 4.3). When all free
 * pages lie before, the pages in use are slid together first.
 *
 * <p>Without a free page, and for batches of several sequences, any free cells are taken. Only the
 * order in which numbers are added then depends on the others.
 */
final class Placement {
  /** Cells of a page. */
  static final int PAGE = 64;

  private final CellMap map;
  private int[] cells = new int[512];
  private final int[] from = new int[PAGE];
  private final int[] to = new int[PAGE];
  private int nMoves;
  private int sequence;

  Placement(CellMap map) {
    this.map = map;
  }

  /** The cell that token {@code i} of the batch gets. */
  int cell(int i) {
    return cells[i];
  }

  /** How many tokens have to be copied before the batch is written. */
  int nMoves() {
    return nMoves;
  }

  /** Where the tokens to be copied are, in ascending order. */
  int[] movesFrom() {
    return from;
  }

  /** The free cells that they are copied to. */
  int[] movesTo() {
    return to;
  }

  /** The sequence whose tokens are copied; others keep theirs. */
  int mover() {
    return sequence;
  }

  /**
   * Finds cells without taking them.
   *
   * @param inPagesOnly whether to give up where one sequence's tokens find no pages in order, so
   *     that {@link #slide} may make some
   * @return whether cells were found
   * @throws ContextFullException if there are not enough
   */
  boolean find(Batch batch, boolean inPagesOnly) {
    int n = batch.size();
    if (cells.length < n) {
      cells = new int[Math.max(n, 2 * cells.length)];
    }
    map.checkRoom(n);
    nMoves = 0;
    if (isOneText(batch)) {
      sequence = batch.sequence(0);
      int first = batch.position(0);
      if (inPages(first, first == 0 ? -1 : map.cell(sequence, first - 1), n)) {
        return true;
      }
      nMoves = 0;
      if (inPagesOnly) {
        return false;
      }
    }
    map.findFree(batch, cells);
    return true;
  }

  /** Moves the cells of a page to another one. */
  interface PageMover {
    /**
     * @param from first cell of the page
     * @param to first cell of a page that is before it and free
     */
    void move(int from, int to);
  }

  /** Slides the pages in use together, in their order; then all free pages lie behind them. */
  void slide(PageMover mover) {
    int to = 0;
    for (int page = 0; page * PAGE < map.end(); page++) {
      if (!isFree(page)) {
        if (to < page) {
          mover.move(page * PAGE, to * PAGE);
        }
        to++;
      }
    }
  }

  private boolean isFree(int page) {
    return map.isFree(page * PAGE, Math.min(page * PAGE + PAGE, map.nCells()));
  }

  private static boolean isOneText(Batch batch) {
    for (int i = 1; i < batch.size(); i++) {
      if (batch.sequence(i) != batch.sequence(0)
          || batch.position(i) != batch.position(i - 1) + 1) {
        return false;
      }
    }
    return true;
  }

  private boolean inPages(int first, int last, int n) {
    int offset = first % PAGE;
    int page = last < 0 ? 0 : last / PAGE + 1; // only pages from there on are in order
    int done = 0;
    if (offset != 0) {
      int length = Math.min(n, PAGE - offset);
      int begin = last + 1;
      int left = PAGE - begin % PAGE;
      if (last < 0 || left == PAGE || left < length || !map.isFree(begin, begin + length)) {
        page = freePage(page, offset + length);
        if (page < 0) {
          return false;
        }
        begin = page * PAGE + offset;
        page++;
        if (last >= 0 && last % PAGE == offset - 1) {
          findMoves(first, last, begin);
          if (map.used() + nMoves + n > map.nCells()) {
            return false;
          }
        }
      }
      for (; done < length; done++) {
        cells[done] = begin + done;
      }
    }
    while (done < n) {
      int length = Math.min(n - done, PAGE);
      page = freePage(page, length);
      if (page < 0) {
        return false;
      }
      for (int i = 0; i < length; i++) {
        cells[done++] = page * PAGE + i;
      }
      page++;
    }
    return true;
  }

  /** The lowest free page that is not before {@code page} and has {@code length} cells, or -1. */
  private int freePage(int page, int length) {
    for (int p = page; (long) p * PAGE + length <= map.nCells(); p++) {
      if (isFree(p)) {
        return p;
      }
    }
    return -1;
  }

  /** The tokens before {@code first} that lie in the page of {@code last}, each in its place. */
  private void findMoves(int first, int last, int begin) {
    long bit = 1L << sequence;
    for (int cell = last - last % PAGE; cell <= last; cell++) {
      int back = last - cell; // how far before the last one
      if ((map.owners(cell) & bit) != 0 && map.position(cell) == first - 1 - back) {
        from[nMoves] = cell;
        to[nMoves++] = begin - 1 - back;
      }
    }
  }
}
