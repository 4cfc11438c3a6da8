package org.ggml4j.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Candidates packed into {@code long} keys that sort as they should: the higher logit first, the
 * lower token id first among equals. Partial selection over a whole vocabulary happens here,
 * without a full sort and without garbage: the arrays grow to what was ever needed and stay.
 */
final class Candidates {
  private static final int FIRST_ROOM = 1024;
  private static final int INSERTION_LIMIT = 24;
  private static final int[] NO_TOKENS = {};

  private long[] keys = new long[FIRST_ROOM];
  private int size;
  private long pivots;

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  void add(int token, float logit) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, size * 2);
    }
    keys[size++] = key(token, logit);
  }

  int token(int i) {
    return (int) keys[i];
  }

  float logit(int i) {
    int ordered = ~(int) (keys[i] >>> 32);
    return Float.intBitsToFloat(ordered ^ ((ordered >> 31) & 0x7fffffff));
  }

  // The sign bit turned around makes the bits of floats ordered as integers; ~ puts the high ones
  // first. Adding 0 makes the two zeros equal.
  private static long key(int token, float logit) {
    int bits = Float.floatToRawIntBits(logit + 0f);
    int ordered = bits ^ ((bits >> 31) & 0x7fffffff);
    return ((long) ~ordered << 32) | token;
  }

  /**
   * Collects the best k of the first n logits, sorted. One pass: nearly every logit is compared
   * with the k-th best so far and dropped.
   *
   * @throws InvalidLogitsException if a logit is NaN
   */
  void collectTop(float[] logits, int n, int k) {
    clear();
    if (k >= n) {
      collectAll(logits, n, NO_TOKENS);
      sort(n);
      return;
    }
    // Room for three rounds of k before the worst are thrown out keeps selection linear.
    int room = (int) Math.min(n, Math.max(256L, 4L * k));
    ensure(room);
    int i = 0;
    for (; i < room; i++) {
      addChecked(i, logits[i]);
    }
    while (true) {
      select(k);
      size = k;
      if (i == n) {
        break;
      }
      float worst = worst(k);
      i = collectAbove(logits, i, n, worst, room);
    }
    sort(k);
  }

  /** The k-th best logit, the keys below k being the best ones in any order. */
  private float worst(int k) {
    long worst = keys[0];
    for (int i = 1; i < k; i++) {
      worst = Math.max(worst, keys[i]);
    }
    int ordered = ~(int) (worst >>> 32);
    return Float.intBitsToFloat(ordered ^ ((ordered >> 31) & 0x7fffffff));
  }

  private int collectAbove(float[] logits, int from, int n, float worst, int room) {
    int i = from;
    while (i < n && size < room) {
      // Of two equal logits the earlier token wins, so what equals the worst is out; NaN is
      // neither.
      i = firstAbove(logits, i, n, worst);
      if (i < n) {
        addChecked(i, logits[i]);
        i++;
      }
    }
    return i;
  }

  private static int firstAbove(float[] logits, int from, int n, float worst) {
    int i = from;
    while (i < n && logits[i] <= worst) {
      i++;
    }
    return i;
  }

  /**
   * Collects all n logits, in their order.
   *
   * @param tokens the token of each, or an empty array where logit i is token i's
   */
  void collectAll(float[] logits, int n, int[] tokens) {
    clear();
    ensure(n);
    for (int i = 0; i < n; i++) {
      addChecked(tokens.length == 0 ? i : tokens[i], logits[i]);
    }
  }

  /** Collects the logits from the highest less {@code below} on, in their order, in one pass. */
  void collectNearMax(float[] logits, int n, int[] tokens, float below) {
    clear();
    float max = Float.NEGATIVE_INFINITY;
    float limit = Float.NEGATIVE_INFINITY;
    int compactAt = FIRST_ROOM;
    int i = firstFrom(logits, 0, n, limit);
    while (i < n) {
      float logit = logits[i];
      addChecked(tokens.length == 0 ? i : tokens[i], logit);
      if (logit > max) {
        max = logit;
        limit = max - below;
      }
      if (size == compactAt) {
        dropBelow(limit);
        compactAt = Math.max(FIRST_ROOM, size * 2);
      }
      i = firstFrom(logits, i + 1, n, limit);
    }
    dropBelow(limit);
  }

  // NaN is not below the limit either, so that it is found.
  private static int firstFrom(float[] logits, int from, int n, float limit) {
    int i = from;
    while (i < n && logits[i] < limit) {
      i++;
    }
    return i;
  }

  private void dropBelow(float limit) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (logit(i) >= limit) {
        keys[kept++] = keys[i];
      }
    }
    size = kept;
  }

  private void addChecked(int token, float logit) {
    if (Float.isNaN(logit)) {
      throw InvalidLogitsException.notANumber(token, logit);
    }
    add(token, logit);
  }

  private void ensure(int capacity) {
    if (keys.length < capacity) {
      keys = new long[capacity];
    }
  }

  /** The first n of the sorted candidates with their log-probabilities. */
  List<TokenLogProbability> best(int n, Softmax softmax) {
    List<TokenLogProbability> result = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      float logit = logit(i);
      result.add(new TokenLogProbability(token(i), logit, softmax.logProbability(logit)));
    }
    return List.copyOf(result);
  }

  /** Puts the best k first and sorts them; the others stay behind them in any order. */
  void sort(int k) {
    int n = Math.min(k, size);
    select(n);
    sortRange(0, n);
  }

  /** Sorts the next ones, [from, to), when the first {@code from} are the best already. */
  void sortNext(int from, int to) {
    select(from, to);
    sortRange(from, to);
  }

  // Quicksort of [from, to), smallest range last; Arrays.sort would allocate its pivots.
  private void sortRange(int from, int to) {
    int low = from;
    int high = to - 1;
    while (high - low >= INSERTION_LIMIT) {
      long split = partition(low, high);
      int left = (int) (split >>> 32);
      int right = (int) split;
      if (left - low < high - right) {
        sortRange(low, left + 1);
        low = right;
      } else {
        sortRange(right, high + 1);
        high = left;
      }
    }
    for (int i = low + 1; i <= high; i++) {
      long key = keys[i];
      int j = i - 1;
      while (j >= low && keys[j] > key) {
        keys[j + 1] = keys[j--];
      }
      keys[j + 1] = key;
    }
  }

  private void select(int k) {
    select(0, k);
  }

  // Quickselect over [from, size): afterwards the smallest of these keys are below k.
  private void select(int from, int k) {
    int low = from;
    int high = size - 1;
    while (low < high && k > low && k <= high) {
      long split = partition(low, high);
      int left = (int) (split >>> 32);
      int right = (int) split;
      if (k - 1 <= left) {
        high = left;
      } else if (k - 1 >= right) {
        low = right;
      } else {
        return;
      }
    }
  }

  /**
   * Hoare's partition of [low, high] around a key drawn from it, so that no order of the logits
   * makes it quadratic: afterwards [low, left] is at most the pivot, [right, high] at least, and a
   * key between them is the pivot.
   *
   * @return left in the upper half, right in the lower
   */
  private long partition(int low, int high) {
    pivots = pivots * 0x5851F42D4C957F2DL + 0x14057B7EF767814FL;
    long pivot = keys[low + (int) ((pivots >>> 33) % (high - low + 1))];
    int i = low;
    int j = high;
    while (i <= j) {
      while (keys[i] < pivot) {
        i++;
      }
      while (keys[j] > pivot) {
        j--;
      }
      if (i <= j) {
        long swapped = keys[i];
        keys[i++] = keys[j];
        keys[j--] = swapped;
      }
    }
    return ((long) j << 32) | i;
  }
}
