package org.ggml4j.nn;

import java.util.Arrays;

/**
 * Tokens to be evaluated together, each with its position, its sequence, and whether its logits are
 * wanted.
 *
 * <p>A mutable buffer that is filled, evaluated and cleared; it grows as needed and keeps its size.
 * Within a sequence, tokens come in the order of their positions.
 */
public final class Batch {
  private int[] tokens;
  private int[] positions;
  private int[] sequences;
  private boolean[] wanted;
  private int size;
  private int nOutputs;

  public Batch() {
    this(16);
  }

  /**
   * @param capacity how many tokens fit before the buffer grows
   */
  public Batch(int capacity) {
    tokens = new int[capacity];
    positions = new int[capacity];
    sequences = new int[capacity];
    wanted = new boolean[capacity];
  }

  /**
   * Appends a token.
   *
   * @param position its position in the sequence, from 0
   * @param sequence number of the sequence, from 0
   * @param output whether the logits after this token are wanted
   */
  public void add(int token, int position, int sequence, boolean output) {
    if (position < 0) {
      throw new IllegalArgumentException("position: expected 0 or more, found " + position);
    }
    if (size == tokens.length) {
      int n = Math.max(16, 2 * size);
      tokens = Arrays.copyOf(tokens, n);
      positions = Arrays.copyOf(positions, n);
      sequences = Arrays.copyOf(sequences, n);
      wanted = Arrays.copyOf(wanted, n);
    }
    tokens[size] = token;
    positions[size] = position;
    sequences[size] = sequence;
    wanted[size] = output;
    size++;
    if (output) {
      nOutputs++;
    }
  }

  /** Forgets all tokens. */
  public void clear() {
    size = 0;
    nOutputs = 0;
  }

  public int size() {
    return size;
  }

  /** How many tokens' logits are wanted. */
  public int nOutputs() {
    return nOutputs;
  }

  public int token(int i) {
    return tokens[i];
  }

  public int position(int i) {
    return positions[i];
  }

  public int sequence(int i) {
    return sequences[i];
  }

  public boolean isOutput(int i) {
    return wanted[i];
  }
}
