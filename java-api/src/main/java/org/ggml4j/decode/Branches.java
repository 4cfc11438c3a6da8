package org.ggml4j.decode;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.SequenceMemory;

/**
 * Sequences of a KV cache that continue a text, the trunk, in several ways. They share the trunk's
 * cells, and those of each other as far as their texts are the same, so that nothing is computed or
 * stored twice.
 *
 * <p>Closing it gives the sequences back; the trunk stays.
 */
public final class Branches implements AutoCloseable {
  /** Stands for the trunk where a branch is expected. */
  static final int TRUNK = -1;

  private final SequenceMemory cache;
  private final Evaluator evaluator;
  private final int trunk;
  private final Batch batch = new Batch();
  private int[] sequences = {};

  /**
   * @param trunk the sequence that is continued
   */
  public Branches(SequenceMemory cache, Evaluator evaluator, int trunk) {
    this.cache = cache;
    this.evaluator = evaluator;
    this.trunk = trunk;
  }

  Evaluator evaluator() {
    return evaluator;
  }

  /** How many tokens fit into a step. */
  int room() {
    return cache.room();
  }

  /**
   * Throws unless there are cells for a prompt, which may be longer than a step.
   *
   * @param used cells that are not free
   */
  void checkFits(int[] prompt, int used) {
    if (prompt.length > cache.nCells() - used) {
      throw new ContextFullException(cache.nCells(), used, prompt.length);
    }
  }

  /** Cells that are not free. */
  int used() {
    return cache.used();
  }

  /**
   * Appends a prompt to the trunk; the logits after its last token are then row 0.
   *
   * @throws ContextFullException if it does not fit; checked before anything is computed
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; the trunk is as before
   */
  void appendToTrunk(int[] tokens) {
    append(tokens, () -> evaluateTrunk(tokens, 0, tokens.length, Output.LOGITS));
  }

  /**
   * Appends a prompt to the trunk and gives the last hidden state of each of its tokens; the logits
   * after the last are then row 0.
   *
   * @param states receives each of them, in an array that is used again
   * @throws ContextFullException if it does not fit; checked before anything is computed
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; the trunk is as before
   */
  void appendToTrunk(int[] tokens, Consumer<float[]> states) {
    float[] state = new float[evaluator.nEmbd()];
    append(
        tokens,
        () -> {
          int last = tokens.length - 1;
          for (int at = 0; at < last; at += evaluator.nBatch()) {
            int end = Math.min(last, at + evaluator.nBatch());
            evaluateTrunk(tokens, at, end, Output.EMBEDDINGS);
            for (int row = 0; row < end - at; row++) {
              evaluator.readEmbedding(row, state);
              states.accept(state);
            }
          }
          evaluateTrunk(tokens, last, last + 1, Output.LOGITS_AND_EMBEDDINGS);
          evaluator.readEmbedding(0, state);
          states.accept(state);
        });
  }

  private void append(int[] tokens, Runnable evaluation) {
    checkFits(tokens, cache.used());
    int begin = end(TRUNK);
    try {
      evaluation.run();
    } catch (Throwable e) {
      cache.remove(trunk, begin, Integer.MAX_VALUE);
      throw e;
    }
  }

  /** In as many batches as it takes: of all tokens the embeddings, or of the last the logits. */
  private void evaluateTrunk(int[] tokens, int from, int to, Output output) {
    for (int at = from, end; at < to; at = end) {
      int position = end(TRUNK);
      end = Math.min(to, at + evaluator.nBatch(position));
      batch.clear();
      for (int i = at; i < end; i++) {
        batch.add(tokens[i], position++, trunk, output == Output.EMBEDDINGS || i == to - 1);
      }
      evaluator.evaluate(batch, output);
    }
  }

  /**
   * Makes {@code n} empty branches.
   *
   * @throws IllegalStateException if the cache has not so many sequences left
   */
  void open(int n) {
    if (n > cache.unusedSequences()) {
      throw new IllegalStateException(
          "expected "
              + n
              + " sequences that nobody uses, found "
              + cache.unusedSequences()
              + ": use another session, or fewer at once");
    }
    sequences = new int[n];
    Arrays.setAll(sequences, i -> cache.newSequence());
  }

  /** How many are open. */
  int size() {
    return sequences.length;
  }

  /** Branches that can be opened. */
  int available() {
    return cache.unusedSequences();
  }

  /**
   * Lets branch {@code i} go on from what branch {@code parents[i]} is now, or from the trunk for
   * {@link #TRUNK}; for all at once. Further branches become empty.
   */
  void reassign(int[] parents) {
    int[] sources = new int[parents.length];
    for (int i = 0; i < parents.length; i++) {
      sources[i] = sequence(parents[i]);
    }
    cache.reassign(Arrays.copyOf(sequences, parents.length), sources);
    for (int i = parents.length; i < sequences.length; i++) {
      clear(i);
    }
  }

  /** Lets an empty branch hold what another one does. */
  void copy(int from, int to) {
    cache.copy(sequence(from), sequence(to), 0, Integer.MAX_VALUE);
  }

  /** Position that the next token of a branch has. */
  int end(int branch) {
    return cache.maxPosition(sequence(branch)) + 1;
  }

  /** Empties a branch. */
  void clear(int branch) {
    cache.remove(sequence(branch), 0, Integer.MAX_VALUE);
  }

  private int sequence(int branch) {
    return branch == TRUNK ? trunk : sequences[Objects.checkIndex(branch, sequences.length)];
  }

  /** Forgets the tokens of the next step. */
  void beginStep() {
    batch.clear();
  }

  /**
   * Adds a token to the next step.
   *
   * @param output whether its output is wanted, as the next row
   */
  void add(int branch, int token, int position, boolean output) {
    batch.add(token, position, sequence(branch), output);
  }

  /** Tokens of the next step whose output is wanted, so far. */
  int stepOutputs() {
    return batch.nOutputs();
  }

  /** Tokens of the next step, so far. */
  int stepSize() {
    return batch.size();
  }

  /** Evaluates the tokens that were added, in one batch. */
  void evaluate(Output output) {
    evaluator.evaluate(batch, output);
  }

  @Override
  public void close() {
    for (int sequence : sequences) {
      cache.freeSequence(sequence);
    }
    sequences = new int[0];
  }
}
