package org.ggml4j.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Candidates packed into {@code long} keys that sort as they should: the higher logit first, the
 * lower token id first among equals. Partial selection happens here, without a full sort and
 * without garbage: the array grows to what was ever needed and stays.
 */
final class Candidates {
  private static final int FIRST_ROOM = 1024;
  private static final int INSERTION_LIMIT = 24;

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

  /** Keeps the first n. */
  void keepFirst(int n) {
    size = n;
  }

  void set(int i, int token, float logit) {
    keys[i] = key(token, logit);
  }

  int token(int i) {
    return (int) keys[i];
  }

  float logit(int i) {
    return logit(keys[i]);
  }

  private static float logit(long key) {
    int ordered = ~(int) (key >>> 32);
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
   * Collects the logits from {@code limit} on, in their order; {@link LogitArray#max} has been
   * asked for.
   *
   * @param names the token of each, or an empty array where logit i is token i's
   */
  void collectFrom(LogitArray array, int[] names, float limit) {
    clear();
    float[] logits = array.unlimited();
    float lowest = Math.max(limit, array.limit());
    for (int b = 0; b < array.nBlocks(); b++) {
      if (array.blockMax(b) >= lowest) {
        int end = array.blockEnd(b);
        for (int i = b * LogitArray.BLOCK; i < end; i++) {
          if (logits[i] >= lowest) {
            add(names.length == 0 ? i : names[i], logits[i]);
          }
        }
      }
    }
  }

  /** Adds the first {@code count} whose logit is -infinity, or as many as there are. */
  void addBanned(LogitArray array, int[] names, int count) {
    int end = Math.min(array.size(), size + count);
    float[] logits = array.logits();
    for (int i = 0; i < array.size() && size < end; i++) {
      if (logits[i] == Float.NEGATIVE_INFINITY) {
        add(names.length == 0 ? i : names[i], logits[i]);
      }
    }
  }

  /** Collects the highest logit of each block, the block's number being its token. */
  void collectBlocks(LogitArray array) {
    clear();
    for (int b = 0; b < array.nBlocks(); b++) {
      add(b, array.blockMax(b));
    }
  }

  /** Collects one logit in {@code step}. */
  void collectSample(LogitArray array, int step) {
    clear();
    float[] logits = array.unlimited();
    for (int i = 0; i < array.size(); i += step) {
      add(i, logits[i]);
    }
  }

  /** The logit of the k-th best; the candidates come into another order. */
  float kthBest(int k) {
    select(k);
    long worst = keys[0];
    for (int i = 1; i < k; i++) {
      worst = Math.max(worst, keys[i]);
    }
    return logit(worst);
  }

  /** The first n of the sorted candidates with their log-probabilities. */
  List<TokenLogProbability> best(int n, LogitArray array, int[] names) {
    List<TokenLogProbability> result = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      float logit = logit(i);
      result.add(new TokenLogProbability(token(i), logit, array.logProbability(logit, names)));
    }
    return List.copyOf(result);
  }

  /** Puts the best k first and sorts them; the others stay behind them in any order. */
  void sort(int k) {
    int n = Math.min(k, size);
    select(n);
    sortRange(0, n);
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

  // Quickselect: afterwards the k smallest keys are the first k.
  private void select(int k) {
    int low = 0;
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
