package org.ggml4j.decode;

import java.util.Arrays;
import java.util.Objects;

/**
 * A guess at the next tokens of a text, each with how sure the {@link Drafter} is of it. The owner
 * fills it anew for each guess, so that nothing is allocated.
 */
public final class Draft {
  /** Says whether one more token would be worth its cost. */
  @FunctionalInterface
  interface Demand {
    boolean wantsMore(Draft soFar);
  }

  private final int nVocab;
  private int[] tokens = new int[16];
  private double[] confidences = new double[16];
  private Demand demand = soFar -> true;
  private int size;
  private int limit;

  /**
   * An empty draft of up to {@code limit} tokens.
   *
   * @param nVocab size of the vocabulary
   * @throws IllegalArgumentException if {@code limit} is negative
   */
  public Draft(int nVocab, int limit) {
    this.nVocab = nVocab;
    if (limit < 0) {
      throw new IllegalArgumentException("limit: expected 0 or more, found " + limit);
    }
    this.limit = limit;
  }

  /** Empties it. */
  void start(int newLimit, Demand newDemand) {
    size = 0;
    limit = newLimit;
    demand = newDemand;
  }

  /**
   * Appends a token.
   *
   * @param confidence how probable it is that the text goes on with this token, given that those
   *     before it are right: 0 to 1. A rough figure is enough, because it is compared with what
   *     becomes of it; but a higher one should mean that it is right more often
   * @return whether another token is wanted; one that is added nevertheless is taken as long as
   *     there is room
   * @throws IllegalArgumentException if the token is not in the vocabulary, or the confidence is
   *     not from 0 to 1
   * @throws IllegalStateException if {@link #limit} tokens are there
   */
  public boolean add(int token, double confidence) {
    if (token < 0 || token >= nVocab) {
      throw new IllegalArgumentException(
          "token: expected 0 to " + (nVocab - 1) + ", found " + token);
    }
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new IllegalArgumentException("confidence: expected 0 to 1, found " + confidence);
    }
    if (size == limit) {
      throw new IllegalStateException("the draft is full: no more than " + limit + " tokens fit");
    }
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
      confidences = Arrays.copyOf(confidences, 2 * size);
    }
    tokens[size] = token;
    confidences[size++] = confidence;
    return size < limit && demand.wantsMore(this);
  }

  /** How many tokens there are. */
  public int size() {
    return size;
  }

  /** Size of the vocabulary: tokens are less than it. */
  public int nVocab() {
    return nVocab;
  }

  /** How many tokens there may be. */
  public int limit() {
    return limit;
  }

  /** The token at {@code i}, 0 being the one after the text's last. */
  public int token(int i) {
    return tokens[Objects.checkIndex(i, size)];
  }

  /** How sure the drafter was of the token at {@code i}. */
  public double confidence(int i) {
    return confidences[Objects.checkIndex(i, size)];
  }

  /** Forgets all but the first tokens. */
  void truncate(int newSize) {
    size = Objects.checkIndex(newSize, size + 1);
  }
}
