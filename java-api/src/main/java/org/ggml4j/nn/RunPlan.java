package org.ggml4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/** Cuts batches into {@link Runs}. */
final class RunPlan {
  /** Of more different lengths, sequences are cut into pieces whose lengths are powers of two. */
  private static final int MAX_LENGTHS = 8;

  /**
   * The tokens of one sequence in a run.
   *
   * @param from how many tokens of the sequence are in earlier runs
   */
  record Piece(int sequence, int from) {}

  private final int[] counts = new int[CellMap.MAX_SEQUENCES];
  private final int[] lasts = new int[CellMap.MAX_SEQUENCES];
  private final int[] begins = new int[CellMap.MAX_SEQUENCES];
  private final List<Integer> sequences = new ArrayList<>();
  private final List<Piece> pieces = new ArrayList<>();
  private final List<Runs.Run> runs = new ArrayList<>();
  private int[] bySequence = new int[512];
  private int[] order = new int[512];
  private int[] places = new int[512];

  /** The sequences of the batch in the order of their first tokens. */
  List<Integer> sequences() {
    return sequences;
  }

  /** Position of a sequence's last token in the batch. */
  int last(int sequence) {
    return lasts[sequence];
  }

  /** The pieces of all runs. */
  List<Piece> pieces() {
    return pieces;
  }

  /** Which token of the batch is at a place in the runs. */
  int order(int place) {
    return order[place];
  }

  /** At which place in the runs a token of the batch is. */
  int place(int i) {
    return places[i];
  }

  /**
   * Makes the plan of a batch.
   *
   * @param lastOf position of the last token that a sequence has
   * @throws IllegalArgumentException if tokens of a sequence do not come in the order of their
   *     positions
   */
  Runs of(Batch batch, IntUnaryOperator lastOf, int nSlots) {
    count(batch, lastOf);
    runs.clear();
    pieces.clear();
    Map<Integer, List<Integer>> byLength = new TreeMap<>();
    for (int s : sequences) {
      byLength.computeIfAbsent(counts[s], n -> new ArrayList<>()).add(s);
    }
    if (byLength.size() <= MAX_LENGTHS) {
      byLength.forEach((n, members) -> addRun(n, members, false));
    } else {
      for (int n = Integer.highestOneBit(batch.size()); n > 0; n >>= 1) {
        int length = n;
        addRun(n, sequences.stream().filter(s -> (counts[s] & length) != 0).toList(), true);
      }
    }
    return new Runs(runs, arrange(batch), nSlots);
  }

  private void count(Batch batch, IntUnaryOperator lastOf) {
    sequences.clear();
    Arrays.fill(counts, 0);
    for (int i = 0; i < batch.size(); i++) {
      int s = batch.sequence(i);
      if (counts[s]++ == 0) {
        sequences.add(s);
        lasts[s] = lastOf.applyAsInt(s);
      }
      if (batch.position(i) <= lasts[s]) {
        throw new IllegalArgumentException(
            "position: expected more than "
                + lasts[s]
                + " in sequence "
                + s
                + ", found "
                + batch.position(i)
                + "; this model reads a text in order");
      }
      lasts[s] = batch.position(i);
    }
  }

  private void addRun(int nTokens, List<Integer> members, boolean inPieces) {
    if (!members.isEmpty()) {
      runs.add(new Runs.Run(nTokens, members.size()));
      for (int s : members) {
        pieces.add(new Piece(s, inPieces ? counts[s] & -2 * nTokens : 0)); // longer pieces first
      }
    }
  }

  /** Finds each token's place; returns whether that is its place in the batch. */
  private boolean arrange(Batch batch) {
    int n = batch.size();
    if (order.length < n) {
      bySequence = new int[2 * n];
      order = new int[2 * n];
      places = new int[2 * n];
    }
    int begin = 0;
    for (int s : sequences) {
      begins[s] = begin;
      begin += counts[s];
    }
    for (int i = 0; i < n; i++) {
      bySequence[begins[batch.sequence(i)]++] = i;
    }
    boolean inOrder = true;
    int place = 0;
    int piece = 0;
    for (Runs.Run run : runs) {
      for (int j = 0; j < run.nSeq(); j++) {
        Piece p = pieces.get(piece++);
        int first = begins[p.sequence] - counts[p.sequence] + p.from;
        for (int t = 0; t < run.nTokens(); t++) {
          int i = bySequence[first + t];
          inOrder &= i == place;
          places[i] = place;
          order[place++] = i;
        }
      }
    }
    return inOrder;
  }
}
