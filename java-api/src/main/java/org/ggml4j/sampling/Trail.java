package org.ggml4j.sampling;

import java.util.Arrays;

/**
 * A sampler's running numbers, before each position of the text: so the sampler can follow when the
 * text is cut and goes on differently. A token that came into the text without being picked by the
 * sampler leaves the numbers as they are, and so does a pick that did not come into it.
 */
final class Trail {
  private final float[] initial;
  private int start; // position of the text that the first numbers are for
  private int known; // for so many positions from there on
  private float[] numbers;
  private int[] seen = new int[0]; // the text from start on, with the last pick
  private int nSeen;
  private int[] present = new int[0];

  Trail(float... initial) {
    this.initial = initial.clone();
    this.numbers = initial.clone();
  }

  void clear() {
    known = 0;
    nSeen = 0;
  }

  Trail copy() {
    Trail copy = new Trail(initial);
    copy.start = start;
    copy.known = known;
    copy.numbers = numbers.clone();
    copy.seen = seen.clone();
    copy.nSeen = nSeen;
    return copy;
  }

  /** Goes to the end of the text, forgetting what no longer belongs to it. */
  void follow(TokenHistory history) {
    int size = history.size();
    if (size == 0 && start == 0 && known > 0) {
      // Nobody keeps a history, so every pick counts.
      System.arraycopy(numbers, (known - 1) * initial.length, numbers, 0, initial.length);
      known = 1;
      nSeen = 0;
      return;
    }
    if (known == 0 || size < start) {
      start = size;
      known = 1;
      nSeen = 0;
      System.arraycopy(initial, 0, numbers, 0, initial.length);
    }
    int length = size - start;
    ensure(length + 2);
    history.copy(start, present, 0, length);
    int same = Arrays.mismatch(seen, 0, nSeen, present, 0, length);
    if (same >= 0) {
      known = Math.min(known, same + 1);
    }
    int width = initial.length;
    while (known <= length) {
      System.arraycopy(numbers, (known - 1) * width, numbers, known * width, width);
      known++;
    }
    known = length + 1;
    System.arraycopy(present, 0, seen, 0, length);
    nSeen = length;
  }

  /** A number at the place that {@link #follow} went to. */
  float get(int i) {
    return numbers[(known - 1) * initial.length + i];
  }

  /** Says which token was picked here; the numbers behind it are the same until they are set. */
  void picked(int token) {
    int width = initial.length;
    seen[nSeen++] = token;
    System.arraycopy(numbers, (known - 1) * width, numbers, known * width, width);
    known++;
  }

  /** Changes a number behind the token that was picked. */
  void set(int i, float number) {
    numbers[(known - 1) * initial.length + i] = number;
  }

  private void ensure(int positions) {
    if (seen.length < positions) {
      int room = Math.max(64, 2 * positions);
      seen = Arrays.copyOf(seen, room);
      present = new int[room];
      numbers = Arrays.copyOf(numbers, room * initial.length);
    }
    if (present.length < positions) {
      present = new int[seen.length]; // a copy begins without
    }
  }
}
