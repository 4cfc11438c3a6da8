package org.ggml4j.eval;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Predicate;
import org.ggml4j.Session;
import org.ggml4j.nn.ContextFullException;

/**
 * How many {@link ChoiceTask}s a model answers rightly; scored as llama.cpp's llama-perplexity does
 * it with {@code --hellaswag}, {@code --winogrande} and {@code --multiple-choice}.
 */
public final class ChoiceAccuracy {
  private static final double Z = 1.95996398454;

  private ChoiceAccuracy() {}

  /**
   * What was measured.
   *
   * @param accuracy share of the tasks that were answered rightly, with its standard error
   * @param low lower end of the 95% confidence interval (Wilson, 1927)
   * @param high its upper end
   * @param chance what guessing would reach
   */
  public record Result(
      Estimate accuracy, double low, double high, int nRight, int nTasks, double chance) {
    static Result of(int nRight, int nTasks, long nChoices) {
      double share = (double) nRight / nTasks;
      double z = Z * Z / nTasks;
      double half = z * Math.sqrt(nTasks * (4 * share * (1 - share) + z)) / (2 * Z);
      return new Result(
          Estimate.ofShare(nRight, nTasks),
          (share + z / 2 - half) / (1 + z),
          (share + z / 2 + half) / (1 + z),
          nRight,
          nTasks,
          (double) nTasks / nChoices);
    }
  }

  /**
   * How one task went.
   *
   * @param index of the task in the list
   * @param scores of the choices: mean log-probabilities
   * @param chosen index of the choice that the model takes
   * @param soFar of all tasks up to this one
   */
  public record Outcome(int index, ChoiceTask task, List<Double> scores, int chosen, Result soFar) {
    public Outcome {
      scores = List.copyOf(scores);
    }

    public boolean isRight() {
      return task.right().contains(chosen);
    }
  }

  /**
   * Measures; several tasks at once as far as the cache has room, each task's common begin once.
   * The session is empty afterwards.
   *
   * @param session without forks
   * @param listener is told of each task in turn; false cancels
   * @throws IllegalArgumentException if there is no task, or a choice has too few tokens
   * @throws ContextFullException if a task does not fit; those before it were measured
   * @throws CancellationException if the listener said so
   */
  public static Result of(Session session, List<ChoiceTask> tasks, Predicate<Outcome> listener) {
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("tasks: expected at least one, found none");
    }
    Run run = new Run(session, listener);
    for (ChoiceTask task : tasks) {
      run.add(new ChoicePlan(task, session.model().tokenizer()));
    }
    run.evaluate();
    session.reset();
    return run.result();
  }

  /** Gathers tasks until the cache is full. */
  private static final class Run {
    private final Session session;
    private final ChoiceRows rows;
    private final Predicate<Outcome> listener;
    private final List<ChoiceRows.Part> parts = new ArrayList<>();
    private final Deque<ChoicePlan> waiting = new ArrayDeque<>();
    private final int most;
    private int nSequences;
    private int nTokens;
    private int nDone;
    private int nRight;
    private long nChoices;

    Run(Session session, Predicate<Outcome> listener) {
      this.session = session;
      this.listener = listener;
      rows = new ChoiceRows(session);
      // Two batches: what tasks have in common, and what they don't.
      most = Math.min(session.nCtx(), 2 * session.options().nBatch());
    }

    void add(ChoicePlan plan) {
      for (int c = 0; c < plan.nChoices(); c += ChoiceRows.SEQUENCES) {
        int end = Math.min(plan.nChoices(), c + ChoiceRows.SEQUENCES);
        ChoiceRows.Part part = new ChoiceRows.Part(plan, c, end);
        int n = part.nTokens();
        boolean full = nTokens + n > most;
        if (full || nSequences + part.nSequences() > ChoiceRows.SEQUENCES) {
          evaluate();
        }
        if (n > session.nCtx()) {
          throw new ContextFullException(session.nCtx(), 0, n);
        }
        parts.add(part);
        nSequences += part.nSequences();
        nTokens += n;
      }
      waiting.add(plan);
    }

    void evaluate() {
      if (!parts.isEmpty()) {
        rows.evaluate(parts);
      }
      parts.clear();
      nSequences = 0;
      nTokens = 0;
      while (!waiting.isEmpty()) {
        tell(waiting.remove());
      }
    }

    private void tell(ChoicePlan plan) {
      int chosen = plan.chosen();
      nDone++;
      nChoices += plan.nChoices();
      if (plan.task().right().contains(chosen)) {
        nRight++;
      }
      List<Double> scores = new ArrayList<>();
      for (double score : plan.scores()) {
        scores.add(score);
      }
      if (!listener.test(new Outcome(nDone - 1, plan.task(), scores, chosen, result()))) {
        throw new CancellationException("the evaluation was cancelled");
      }
    }

    Result result() {
      return Result.of(nRight, nDone, nChoices);
    }
  }
}
