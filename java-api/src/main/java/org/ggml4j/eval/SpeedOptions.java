package org.ggml4j.eval;

import java.time.Duration;
import java.util.function.DoublePredicate;

/**
 * How speed is measured.
 *
 * @param repetitions of each test, or more if they don't last for {@code leastTime}
 * @param leastTime that repetitions are timed for together: those of a small model are so short
 *     that a few of them tell little. What is between them does not count
 * @param nBatch tokens of a prompt after which logits are read, at least a session's batch: what
 *     llama.cpp calls the logical batch
 * @param warmUp whether a test runs untimed before, until it no longer becomes faster
 * @param clock by which it is timed
 * @param progress is told the share that is done, from 0 to 1, after each repetition; false cancels
 *     with a {@link java.util.concurrent.CancellationException}
 */
public record SpeedOptions(
    int repetitions,
    Duration leastTime,
    int nBatch,
    boolean warmUp,
    Clock clock,
    DoublePredicate progress) {
  private static final int DEFAULT_REPETITIONS = 5;
  private static final int DEFAULT_BATCH = 2048;

  /** What the time is. */
  public interface Clock {
    /** Nanoseconds since some moment. */
    long nanos();

    /** Nanoseconds for which Java has compiled so far; always 0 where that is not known. */
    long compilationNanos();

    /** The system's, which knows nothing of compilation. */
    static Clock system() {
      return new Clock() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public long compilationNanos() {
          return 0;
        }
      };
    }
  }

  /** Checks the sizes. */
  public SpeedOptions {
    if (repetitions < 1) {
      throw new IllegalArgumentException("repetitions: expected 1 or more, found " + repetitions);
    }
    if (leastTime.isNegative()) {
      throw new IllegalArgumentException("leastTime: expected 0 or more, found " + leastTime);
    }
    if (nBatch < 1) {
      throw new IllegalArgumentException("nBatch: expected 1 or more, found " + nBatch);
    }
  }

  /** Five repetitions with warm-up, logical batches of 2048: llama-bench's defaults. */
  public static SpeedOptions defaults() {
    return new SpeedOptions(
        DEFAULT_REPETITIONS, Duration.ZERO, DEFAULT_BATCH, true, Clock.system(), share -> true);
  }

  /** With so many repetitions. */
  public SpeedOptions withRepetitions(int n) {
    return new SpeedOptions(n, leastTime, nBatch, warmUp, clock, progress);
  }

  /** With as many repetitions more as are needed to time so long. */
  public SpeedOptions withLeastTime(Duration time) {
    return new SpeedOptions(repetitions, time, nBatch, warmUp, clock, progress);
  }

  /** With another logical batch. */
  public SpeedOptions withBatch(int tokens) {
    return new SpeedOptions(repetitions, leastTime, tokens, warmUp, clock, progress);
  }

  /** With or without warm-up. */
  public SpeedOptions withWarmUp(boolean on) {
    return new SpeedOptions(repetitions, leastTime, nBatch, on, clock, progress);
  }

  /** With another clock. */
  public SpeedOptions withClock(Clock other) {
    return new SpeedOptions(repetitions, leastTime, nBatch, warmUp, other, progress);
  }

  /** With another listener. */
  public SpeedOptions withProgress(DoublePredicate listener) {
    return new SpeedOptions(repetitions, leastTime, nBatch, warmUp, clock, listener);
  }
}
