package org.ggml4j.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.ggml4j.Session;

/**
 * How many tokens a model evaluates in a second, without tokenization and sampling. Token ids are
 * random, as only their number matters for the time.
 *
 * <p>Defined as llama.cpp's llama-bench defines it ({@code tools/llama-bench}), except that the
 * warm-up lasts until Java has compiled what runs: a test is repeated untimed until it neither
 * becomes faster nor has the compiler work for more than a small share of its time, within limits.
 */
public final class SpeedBenchmark {
  private static final int MOST_WARM_UPS = 100;
  private static final int SETTLED_ROUNDS = 2;
  private static final int WARM_UP_STEPS = 32;
  private static final long WARM_UP_NANOS = 3_000_000_000L;
  private static final double FASTER = 0.97;
  private static final double COMPILING = 0.05;

  private SpeedBenchmark() {}

  /** What is timed; apart from a session, so that the definitions can be tested. */
  interface Workload {
    /** Forgets all tokens but the first {@code depth}, of which there are as many or more. */
    void rewind(int depth);

    /** Evaluates tokens of a prompt. */
    void prompt(int tokens);

    /** Evaluates tokens one by one. */
    void generate(int tokens);
  }

  /**
   * Measures; the session is empty afterwards.
   *
   * @throws IllegalArgumentException if the session's context is smaller than the test
   * @throws CancellationException if the options' listener said so
   */
  public static SpeedResult run(Session session, SpeedTest test, SpeedOptions options) {
    checkFits(session, test);
    return run(new SessionWorkload(session, options.nBatch()), test, options);
  }

  static void checkFits(Session session, SpeedTest test) {
    if (session.nCtx() < test.nCtx()) {
      throw new IllegalArgumentException(
          test.label()
              + ": expected a context of "
              + test.nCtx()
              + " tokens, found "
              + session.nCtx());
    }
  }

  static SpeedResult run(Workload workload, SpeedTest test, SpeedOptions options) {
    workload.rewind(0);
    int warmUps = options.warmUp() ? warmUp(workload, test, options) : 0;
    fill(workload, test);
    List<Long> nanos = new ArrayList<>();
    double least = Math.max(1, options.leastTime().toNanos());
    long timed = 0;
    double share = 0;
    while (share < 1) {
      workload.rewind(test.nDepth());
      long time = time(workload, test, options);
      nanos.add(time);
      timed += Math.max(1, time);
      share = Math.min((double) nanos.size() / options.repetitions(), timed / least);
      report(options, Math.min(1, share));
    }
    workload.rewind(0);
    return new SpeedResult(test, nanos, warmUps);
  }

  /** Evaluates what is in the context before. */
  static void fill(Workload workload, SpeedTest test) {
    if (test.nDepth() > 0) {
      workload.rewind(0);
      workload.prompt(test.nDepth());
    }
  }

  /** How long one repetition takes, in nanoseconds, after going back to where it begins. */
  static long time(Workload workload, SpeedTest test, SpeedOptions options) {
    long begin = options.clock().nanos();
    workload.prompt(test.nPrompt());
    workload.generate(test.nGen());
    return options.clock().nanos() - begin;
  }

  /** Runs the test's kinds of steps from an empty context until their time settles. */
  static int warmUp(Workload workload, SpeedTest test, SpeedOptions options) {
    SpeedOptions.Clock clock = options.clock();
    long began = clock.nanos();
    long fastest = Long.MAX_VALUE;
    int settled = 0;
    int rounds = 0;
    while (settled < SETTLED_ROUNDS
        && rounds < MOST_WARM_UPS
        && (rounds == 0 || clock.nanos() - began < WARM_UP_NANOS)) {
      workload.rewind(0);
      long begin = clock.nanos();
      long compiled = clock.compilationNanos();
      workload.prompt(test.nPrompt());
      workload.generate(Math.min(test.nGen(), WARM_UP_STEPS));
      long time = clock.nanos() - begin;
      boolean compiling = clock.compilationNanos() - compiled > COMPILING * time;
      boolean faster = rounds == 0 || time < FASTER * fastest;
      settled = compiling || faster ? 0 : settled + 1;
      fastest = Math.min(fastest, time);
      rounds++;
      report(options, 0);
    }
    return rounds;
  }

  static void report(SpeedOptions options, double share) {
    if (!options.progress().test(share)) {
      throw new CancellationException("the measurement was cancelled");
    }
  }
}
