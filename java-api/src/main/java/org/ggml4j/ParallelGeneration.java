package org.ggml4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.decode.BatchLoop;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;

/**
 * Several continuations of a session's text that are written at the same time: one batch takes a
 * step of each, which on most computers takes little longer than a step of one. A continuation may
 * be added at any time; one that has ended makes room for one that waits.
 *
 * <p>Each is what {@link Session#generate} alone would write with the same seed, as long as the
 * context has room. When it is full, the one that was added last ends with {@link
 * org.ggml4j.decode.StopReason#CONTEXT_FULL} and makes room for the others.
 *
 * <p>The session's own text does not change, and the session can be used between steps. One thread
 * at a time uses it or any of its generations. {@link Session#cancel} ends all continuations of a
 * running step.
 */
public final class ParallelGeneration implements AutoCloseable {
  private final Session session;
  private final int[] common;
  private final boolean fromTheBeginning;
  private final BatchLoop loop;

  /**
   * @param common tokens of the common text, for samplers that look back
   * @param fromTheBeginning whether the common text has no tokens
   */
  ParallelGeneration(Session session, int[] common, boolean fromTheBeginning, BatchLoop loop) {
    this.session = session;
    this.common = common;
    this.fromTheBeginning = fromTheBeginning;
    this.loop = loop;
  }

  /**
   * Adds a continuation. It begins with the next step, or when there is room.
   *
   * @param prompt in which the text of control tokens is plain text; may be empty if there is a
   *     common prompt
   * @return its number, from 0
   * @throws org.ggml4j.nn.ContextFullException if the prompt does not fit even alone
   * @throws IllegalArgumentException if there is nothing to continue
   */
  public int add(String prompt, GenerationConfig config) {
    return add(session.continuations().encode(prompt, fromTheBeginning), config);
  }

  /**
   * Adds a continuation. It begins with the next step, or when there is room.
   *
   * @param prompt tokens of the model's vocabulary; may be empty if there is a common prompt
   * @param config of which the sampler and the processors are forked
   * @return its number, from 0
   * @throws org.ggml4j.nn.ContextFullException if the prompt does not fit even alone
   * @throws IllegalArgumentException if a token is not in the vocabulary or there is nothing to
   *     continue
   */
  public int add(int[] prompt, GenerationConfig config) {
    session.enterBeside();
    try {
      session.continuations().checkTokens(prompt);
      if (prompt.length > 0) {
        SourceReader.refuse(session, "is one for all that a session writes at the same time");
      }
      int[] history = Arrays.copyOf(common, common.length + prompt.length);
      System.arraycopy(prompt, 0, history, common.length, prompt.length);
      Sampler sampler = config.newSampler(session.model()).fork();
      List<LogitsProcessor> processors =
          config.newProcessors(session.model()).stream().map(LogitsProcessor::fork).toList();
      return loop.add(history, prompt, sampler, config.loopOptions(processors));
    } finally {
      session.exit();
    }
  }

  /** Takes a step of all continuations that run; whether any is left that has not ended. */
  public boolean step() {
    return step((index, piece) -> {});
  }

  /**
   * Takes a step of all continuations that run.
   *
   * @param listener is given the pieces that it adds
   * @return whether any is left that has not ended
   */
  public boolean step(PieceListener listener) {
    session.enterBeside();
    try {
      return loop.step((id, taken) -> listener.onPiece(id, Piece.of(taken)));
    } finally {
      session.exit();
    }
  }

  /** Takes steps until all have ended, and returns their texts in the order they were added. */
  public List<Hypothesis> finish() {
    boolean more = true;
    while (more) {
      more = step();
    }
    return results();
  }

  /** What there is of each so far, in the order they were added. */
  public List<Hypothesis> results() {
    List<Hypothesis> results = new ArrayList<>();
    for (int i = 0; i < size(); i++) {
      results.add(result(i));
    }
    return results;
  }

  /** What there is of one so far; its normalized score is the mean of the log-probabilities. */
  public Hypothesis result(int index) {
    return loop.result(index);
  }

  /** How many were added. */
  public int size() {
    return loop.size();
  }

  /** Ends one of them, if it has not ended; between steps. */
  public void cancel(int index) {
    session.enter();
    try {
      loop.cancel(index);
    } finally {
      session.exit();
    }
  }

  /** Gives back the cells of those that have not ended; after the session it does nothing. */
  @Override
  public void close() {
    session.ifOpen(loop::close);
  }
}
