package org.ggml4j.sampling;

import java.util.Arrays;

/**
 * DRY, "don't repeat yourself" (p-e-w, text-generation-webui pull request 5677), as in llama.cpp:
 * penalizes the tokens that would continue a sequence of the text's end that appeared before, the
 * more the longer that sequence is.
 */
final class Dry implements LogitsProcessor {
  private static final float LOG_OF_MAX_FLOAT = 88.72284f;

  private final float multiplier;
  private final float base;
  private final int allowedLength;
  private final int lastN;
  private final SequenceBreakers breakers;
  private final int maxExponent;

  private int[] last = {}; // the newest token first
  private int[] repeats = {}; // [k]: how many tokens before k repeat the end of the text
  private int[] longest = {}; // by token, 1 more than the tokens repeated; all 0 between calls
  private int[] continuing = {};

  Dry(float multiplier, float base, int allowedLength, int lastN, SequenceBreakers breakers) {
    this.multiplier = multiplier;
    this.base = base;
    this.allowedLength = allowedLength;
    this.lastN = lastN;
    this.breakers = breakers;
    maxExponent = base > 1.000001f ? (int) (LOG_OF_MAX_FLOAT / (float) StrictMath.log(base)) : 0;
  }

  @Override
  public void process(Logits logits) {
    int n = Math.min(lastN, logits.history().size());
    if (n <= allowedLength) {
      return;
    }
    readLast(logits.history(), n);
    int limit = unbroken(n);
    if (limit < allowedLength) {
      return;
    }
    countRepeats(n, limit);
    penalize(logits, n);
  }

  private void readLast(TokenHistory history, int n) {
    if (last.length < n) {
      int room = Math.min(lastN, Math.max(64, 2 * n));
      last = new int[room];
      repeats = new int[room];
      continuing = new int[room];
    }
    history.copy(history.size() - n, last, 0, n);
    for (int i = 0, j = n - 1; i < j; i++, j--) {
      int swapped = last[i];
      last[i] = last[j];
      last[j] = swapped;
    }
  }

  /** How many tokens at the end of the text there are behind the last breaker. */
  private int unbroken(int n) {
    for (int i = 0; i < n; i++) {
      int longestTail = -1;
      for (int[] tail : breakers.tails(last[i])) {
        if (tail.length > longestTail && tail.length <= i && follows(tail, i)) {
          longestTail = tail.length;
        }
      }
      if (longestTail >= 0) {
        return i - longestTail;
      }
    }
    return n;
  }

  private boolean follows(int[] tail, int head) {
    for (int j = 0; j < tail.length; j++) {
      if (last[head - 1 - j] != tail[j]) {
        return false;
      }
    }
    return true;
  }

  /** The Z-algorithm over the text read backwards: linear in n. */
  private void countRepeats(int n, int limit) {
    Arrays.fill(repeats, 0, n, 0);
    int left = 0;
    int right = 0;
    for (int k = 1; k < n; k++) {
      if (k > right) {
        int length = 0;
        while (length + k < n && last[length] == last[length + k]) {
          length++;
        }
        repeats[k] = Math.min(length, limit);
        if (length > 0) {
          left = k;
          right = k + length - 1;
        }
      } else if (repeats[k - left] < right - k + 1) {
        repeats[k] = Math.min(repeats[k - left], limit);
      } else {
        int end = right + 1;
        while (end < n && last[end] == last[end - k]) {
          end++;
        }
        repeats[k] = Math.min(end - k, limit);
        left = k;
        right = end - 1;
      }
    }
  }

  private void penalize(Logits logits, int n) {
    if (longest.length < logits.nVocab()) {
      longest = new int[logits.nVocab()];
    }
    int count = 0;
    for (int k = n - 1; k > 0; k--) {
      if (repeats[k] >= allowedLength) {
        int next = last[k - 1];
        if (longest[next] == 0) {
          continuing[count++] = next;
        }
        longest[next] = Math.max(longest[next], repeats[k] + 1);
      }
    }
    if (logits.state.isListed()) {
      for (int i = 0; count > 0 && i < logits.size(); i++) {
        int token = logits.token(i);
        if (longest[token] > 0 && !breakers.breaksAlone(token)) {
          logits.setLogit(i, logits.logit(i) - penalty(longest[token] - 1));
        }
      }
    }
    for (int i = 0; i < count; i++) {
      int token = continuing[i];
      int length = longest[token];
      longest[token] = 0;
      if (!logits.state.isListed() && !breakers.breaksAlone(token)) {
        logits.add(token, -penalty(length - 1));
      }
    }
  }

  private float penalty(int length) {
    int exponent = length - allowedLength;
    if (maxExponent > 0) {
      exponent = Math.min(exponent, maxExponent);
    }
    return (float) (multiplier * StrictMath.pow(base, exponent));
  }

  @Override
  public LogitsProcessor fork() {
    return new Dry(multiplier, base, allowedLength, lastN, breakers);
  }
}
