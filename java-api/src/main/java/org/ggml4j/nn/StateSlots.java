package org.ggml4j.nn;

import java.util.Arrays;

/**
 * Which row of the tables of states belongs to which sequence, and which token it is the state
 * after.
 *
 * <p>A step reads one row and writes another, so that the state before it stays: if the step fails
 * or its tokens are taken back, the sequence has that one again. Sequences share rows. Row 0 is the
 * state of no tokens and is never written.
 */
final class StateSlots {
  private static final int NONE = -1;

  private int[] users = {1};
  private final int[] slots = new int[CellMap.MAX_SEQUENCES];
  private final int[] lasts = new int[CellMap.MAX_SEQUENCES];
  private final int[] slotsBefore = new int[CellMap.MAX_SEQUENCES];
  private final int[] lastsBefore = new int[CellMap.MAX_SEQUENCES];

  StateSlots() {
    Arrays.fill(lasts, NONE);
    Arrays.fill(lastsBefore, NONE);
  }

  /** Rows of the tables. */
  int size() {
    return users.length;
  }

  /** The tables have become larger. */
  void grow(int size) {
    users = Arrays.copyOf(users, size);
  }

  /** Rows that are free. */
  int free() {
    int n = 0;
    for (int user : users) {
      n += user == 0 ? 1 : 0;
    }
    return n;
  }

  /** Whether somebody needs a row. */
  boolean isUsed(int slot) {
    return users[slot] > 0;
  }

  /** The row of a sequence's state. */
  int slot(int sequence) {
    return slots[sequence];
  }

  /** Position of the last token that a sequence's state has seen, -1 for none. */
  int last(int sequence) {
    return lasts[sequence];
  }

  /** Gives a sequence another row, for the state after the token at {@code last}. */
  int advance(int sequence, int last) {
    forgetBefore(sequence);
    slotsBefore[sequence] = slots[sequence];
    lastsBefore[sequence] = lasts[sequence];
    slots[sequence] = take();
    lasts[sequence] = last;
    return slots[sequence];
  }

  private int take() {
    for (int slot = 1; slot < users.length; slot++) {
      if (users[slot] == 0) {
        users[slot] = 1;
        return slot;
      }
    }
    throw new IllegalStateException("no row is free for a state");
  }

  private void release(int slot) {
    if (slot > 0) {
      users[slot]--;
    }
  }

  private int share(int slot) {
    if (slot > 0) {
      users[slot]++;
    }
    return slot;
  }

  /** Gives up the state before the last step. */
  void forgetBefore(int sequence) {
    release(slotsBefore[sequence]);
    slotsBefore[sequence] = 0;
    lastsBefore[sequence] = NONE;
  }

  /** Gives a sequence the state back that it had before its last step. */
  void back(int sequence) {
    release(slots[sequence]);
    slots[sequence] = slotsBefore[sequence];
    lasts[sequence] = lastsBefore[sequence];
    slotsBefore[sequence] = 0;
    lastsBefore[sequence] = NONE;
  }

  /**
   * The last token that a state has seen which can be gone on from, when a sequence's tokens behind
   * {@code last} are taken away.
   */
  int lastUpTo(int sequence, int last) {
    if (lasts[sequence] <= last) {
      return lasts[sequence];
    }
    return lastsBefore[sequence] <= last ? lastsBefore[sequence] : NONE;
  }

  /** Goes back to a state that has seen nothing behind {@code last}. */
  void truncate(int sequence, int last) {
    if (lasts[sequence] > last) {
      back(sequence);
    }
    if (lasts[sequence] > last) {
      clear(sequence);
    }
  }

  /** Forgets a sequence's state. */
  void clear(int sequence) {
    forgetBefore(sequence);
    back(sequence);
  }

  /** Lets {@code target} have the state of {@code source}. */
  void copy(int source, int target) {
    if (source != target) {
      clear(target);
      slots[target] = share(slots[source]);
      lasts[target] = lasts[source];
      slotsBefore[target] = share(slotsBefore[source]);
      lastsBefore[target] = lastsBefore[source];
    }
  }

  /** As {@link SequenceMemory#reassign}. */
  void reassign(int[] targets, int[] sources) {
    StateSlots old = new StateSlots();
    old.users = users;
    System.arraycopy(slots, 0, old.slots, 0, slots.length);
    System.arraycopy(lasts, 0, old.lasts, 0, lasts.length);
    System.arraycopy(slotsBefore, 0, old.slotsBefore, 0, slots.length);
    System.arraycopy(lastsBefore, 0, old.lastsBefore, 0, lasts.length);
    for (int source : sources) { // nothing becomes free before all have what they get
      old.share(old.slots[source]);
      old.share(old.slotsBefore[source]);
    }
    for (int target : targets) {
      clear(target);
    }
    for (int i = 0; i < targets.length; i++) {
      slots[targets[i]] = old.slots[sources[i]];
      lasts[targets[i]] = old.lasts[sources[i]];
      slotsBefore[targets[i]] = old.slotsBefore[sources[i]];
      lastsBefore[targets[i]] = old.lastsBefore[sources[i]];
    }
  }
}
