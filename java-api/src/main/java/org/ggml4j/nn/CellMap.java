package org.ggml4j.nn;

import java.util.Arrays;

/**
 * Which token of which sequences each cell of a KV cache holds. Several sequences may share a cell:
 * a common prefix is stored once. Which cells a batch gets, {@link Placement} decides.
 *
 * <p>Bookkeeping only, in plain Java; the numbers themselves lie in {@link CellCache}.
 */
final class CellMap {
  /** Sequences that one cache can hold; each is a bit of a long. */
  static final int MAX_SEQUENCES = Long.SIZE;

  private final int nCells;
  private final int[] positions;
  private final int[] tokens;
  private final long[] owners;
  private final int[] pendingShift;

  /** Which search for free cells found each cell last. */
  private final int[] stamps;

  private int stamp;
  private boolean shiftPending;
  private int used;
  private int end;

  CellMap(int nCells) {
    this(nCells, nCells);
  }

  /**
   * @param nCells cells that can be taken
   * @param nSeen cells that can be asked about; those behind the others are always free
   */
  CellMap(int nCells, int nSeen) {
    this.nCells = nCells;
    positions = new int[nSeen];
    tokens = new int[nSeen];
    owners = new long[nSeen];
    pendingShift = new int[nSeen];
    stamps = new int[nSeen];
  }

  int nCells() {
    return nCells;
  }

  /** Cells that hold a token. */
  int used() {
    return used;
  }

  /** One more than the last cell in use. */
  int end() {
    return end;
  }

  int position(int cell) {
    return positions[cell];
  }

  int token(int cell) {
    return tokens[cell];
  }

  /** Bit s is set if sequence s contains the token of this cell. */
  long owners(int cell) {
    return owners[cell];
  }

  static void checkSequence(int sequence) {
    if (sequence < 0 || sequence >= MAX_SEQUENCES) {
      throw new IllegalArgumentException(
          "sequence: expected 0 to " + (MAX_SEQUENCES - 1) + ", found " + sequence);
    }
  }

  void checkRoom(int n) {
    if (n > nCells - used) {
      throw new ContextFullException(nCells, used, n);
    }
  }

  /**
   * Finds free cells for the tokens of a batch without taking them: for each the lowest one behind
   * those of its sequence, so that attention adds up a sequence's tokens in the same order whatever
   * others lie between them; only when the end is reached any.
   *
   * @param to receives the cells
   */
  void findFree(Batch batch, int[] to) {
    int n = batch.size();
    checkRoom(n);
    stamp++;
    for (int i = 0; i < n; i++) {
      int sequence = batch.sequence(i);
      boolean sameText = i > 0 && batch.sequence(i - 1) == sequence;
      int cell = firstFree((sameText ? to[i - 1] : lastOf(batch, i, to)) + 1);
      to[i] = cell < nCells ? cell : firstFree(0);
      stamps[to[i]] = stamp;
    }
  }

  /** The last cell of the sequence of token i, also among those of the tokens before i; or -1. */
  private int lastOf(Batch batch, int i, int[] to) {
    int sequence = batch.sequence(i);
    for (int before = i - 1; before >= 0; before--) {
      if (batch.sequence(before) == sequence) {
        return to[before];
      }
    }
    int cell = end - 1;
    while (cell >= 0 && (owners[cell] & 1L << sequence) == 0) {
      cell--;
    }
    return cell;
  }

  /** The first cell from this one on that is neither taken nor found for the present batch. */
  private int firstFree(int from) {
    int cell = from;
    while (cell < nCells && (owners[cell] != 0 || stamps[cell] == stamp)) {
      cell++;
    }
    return cell;
  }

  /** Whether the cells from {@code from} to before {@code to} exist and are free. */
  boolean isFree(int from, int to) {
    if (to > nCells) {
      return false;
    }
    for (int cell = from; cell < to; cell++) {
      if (owners[cell] != 0) {
        return false;
      }
    }
    return true;
  }

  /** The cell of a sequence's token at a position, -1 if there is none. */
  int cell(int sequence, int position) {
    long bit = 1L << sequence;
    for (int cell = end - 1; cell >= 0; cell--) {
      if (positions[cell] == position && (owners[cell] & bit) != 0) {
        return cell;
      }
    }
    return -1;
  }

  /** The cells of a sequence in the order of their positions. */
  int[] cells(int sequence) {
    long bit = 1L << sequence;
    long[] found = new long[end];
    int n = 0;
    for (int cell = 0; cell < end; cell++) {
      if ((owners[cell] & bit) != 0) {
        found[n++] = (long) positions[cell] << 32 | cell;
      }
    }
    Arrays.sort(found, 0, n);
    int[] cells = new int[n];
    Arrays.setAll(cells, i -> (int) found[i]);
    return cells;
  }

  /** Cells of a sequence that no other one has. */
  int usedAlone(int sequence) {
    int n = 0;
    for (int cell = 0; cell < end; cell++) {
      n += owners[cell] == 1L << sequence ? 1 : 0;
    }
    return n;
  }

  /** Puts a token into a free cell. */
  void take(int cell, int token, int position, int sequence) {
    tokens[cell] = token;
    positions[cell] = position;
    owners[cell] = 1L << sequence;
    pendingShift[cell] = 0;
    used++;
    end = Math.max(end, cell + 1);
  }

  /**
   * Gives a sequence a token's copy in a free cell instead of the one it has, which others keep.
   */
  void move(int from, int to, int sequence) {
    take(to, tokens[from], positions[from], sequence);
    pendingShift[to] = pendingShift[from];
    disown(from, 1L << sequence);
    shrinkEnd();
  }

  /** Moves what {@code n} cells hold to free ones. */
  void slide(int from, int to, int n) {
    System.arraycopy(tokens, from, tokens, to, n);
    System.arraycopy(positions, from, positions, to, n);
    System.arraycopy(owners, from, owners, to, n);
    System.arraycopy(pendingShift, from, pendingShift, to, n);
    Arrays.fill(owners, from, from + n, 0);
    Arrays.fill(pendingShift, from, from + n, 0);
    end = Math.max(end, to + n);
    shrinkEnd();
  }

  /** Takes a token out of its cell, whatever sequences it belongs to. */
  void release(int cell) {
    if (owners[cell] != 0) {
      owners[cell] = 0;
      used--;
      shrinkEnd();
    }
  }

  /** Takes tokens out of the sequences whose next tokens can't see them any more. */
  void dropHidden(Window window) {
    int[] next = new int[MAX_SEQUENCES];
    for (int s = 0; s < MAX_SEQUENCES; s++) {
      next[s] = maxPosition(s) + 1;
    }
    for (int cell = 0; cell < end; cell++) {
      for (long rest = owners[cell]; rest != 0; rest &= rest - 1) {
        int sequence = Long.numberOfTrailingZeros(rest);
        if (window.hides(positions[cell], next[sequence])) {
          disown(cell, 1L << sequence);
        }
      }
    }
    shrinkEnd();
  }

  private void disown(int cell, long bit) {
    owners[cell] &= ~bit;
    if (owners[cell] == 0) {
      used--;
      pendingShift[cell] = 0;
    }
  }

  /** How many tokens of a sequence those at {@code next} and behind it can see. */
  int visible(int sequence, Window window, int next) {
    int n = 0;
    for (int cell = 0; cell < end; cell++) {
      if ((owners[cell] & 1L << sequence) != 0 && !window.hides(positions[cell], next)) {
        n++;
      }
    }
    return n;
  }

  /** The tokens of one sequence alone, in the same cells. */
  CellMap alone(int sequence) {
    CellMap copy = new CellMap(nCells);
    for (int cell : cells(sequence)) {
      copy.take(cell, tokens[cell], positions[cell], sequence);
    }
    return copy;
  }

  /** Removes the tokens at positions from {@code from} to before {@code to} from a sequence. */
  void remove(int sequence, int from, int to) {
    long bit = 1L << sequence;
    for (int cell = 0; cell < end; cell++) {
      if ((owners[cell] & bit) != 0 && positions[cell] >= from && positions[cell] < to) {
        disown(cell, bit);
      }
    }
    shrinkEnd();
  }

  private void shrinkEnd() {
    while (end > 0 && owners[end - 1] == 0) {
      end--;
    }
  }

  /** Makes the tokens of {@code source} in a range of positions tokens of {@code target} too. */
  void copy(int source, int target, int from, int to) {
    long bit = 1L << source;
    for (int cell = 0; cell < end; cell++) {
      if ((owners[cell] & bit) != 0 && positions[cell] >= from && positions[cell] < to) {
        owners[cell] |= 1L << target;
      }
    }
  }

  /**
   * Lets each of some sequences hold what another one holds before this call, all at once; what
   * they held themselves is gone, unless another one has it.
   *
   * @param targets the sequences that change
   * @param sources for each of them whose tokens it gets; may be a target too
   */
  void reassign(int[] targets, int[] sources) {
    long changed = 0;
    for (int target : targets) {
      changed |= 1L << target;
    }
    for (int cell = 0; cell < end; cell++) {
      long before = owners[cell];
      long after = before & ~changed;
      for (int i = 0; i < targets.length; i++) {
        after |= (before >>> sources[i] & 1) << targets[i];
      }
      owners[cell] = after;
      if (before != 0 && after == 0) {
        used--;
        pendingShift[cell] = 0;
      }
    }
    shrinkEnd();
  }

  /** Throws if a position would become negative. */
  void checkShift(int sequence, int from, int to, int delta) {
    long bit = 1L << sequence;
    for (int cell = 0; cell < end; cell++) {
      if (inRange(cell, bit, from, to) && positions[cell] + delta < 0) {
        throw new IllegalArgumentException(
            "position " + positions[cell] + " can't be shifted by " + delta);
      }
    }
  }

  /**
   * Adds {@code delta} to positions of a sequence; the keys are turned later, by what {@link
   * #pendingShift} holds.
   *
   * @throws IllegalStateException if a cell of the range is shared with another sequence
   */
  void shift(int sequence, int from, int to, int delta) {
    checkShift(sequence, from, to, delta);
    long bit = 1L << sequence;
    for (int cell = 0; cell < end; cell++) {
      if (inRange(cell, bit, from, to) && owners[cell] != bit) {
        throw new IllegalStateException("sequence " + sequence + " shares its tokens");
      }
    }
    for (int cell = 0; cell < end; cell++) {
      if (inRange(cell, bit, from, to)) {
        positions[cell] += delta;
        pendingShift[cell] += delta;
        shiftPending |= pendingShift[cell] != 0;
      }
    }
  }

  private boolean inRange(int cell, long bit, int from, int to) {
    return (owners[cell] & bit) != 0 && positions[cell] >= from && positions[cell] < to;
  }

  /** By how many positions the key of a cell has yet to be turned. */
  int pendingShift(int cell) {
    return pendingShift[cell];
  }

  boolean isShiftPending() {
    return shiftPending;
  }

  void shiftDone() {
    Arrays.fill(pendingShift, 0);
    shiftPending = false;
  }

  /** Largest position of a sequence, -1 if it has no tokens. */
  int maxPosition(int sequence) {
    long bit = 1L << sequence;
    int max = -1;
    for (int cell = 0; cell < end; cell++) {
      if ((owners[cell] & bit) != 0) {
        max = Math.max(max, positions[cell]);
      }
    }
    return max;
  }

  /** Smallest position of a sequence, -1 if it has no tokens. */
  int minPosition(int sequence) {
    long bit = 1L << sequence;
    int min = -1;
    for (int cell = 0; cell < end; cell++) {
      if ((owners[cell] & bit) != 0 && (min < 0 || positions[cell] < min)) {
        min = positions[cell];
      }
    }
    return min;
  }
}
