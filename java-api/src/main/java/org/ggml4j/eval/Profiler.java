package org.ggml4j.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.ggml4j.Session;
import org.ggml4j.ggml.NodeTimer;

/**
 * Finds out where the time of a {@link SpeedTest} goes, operation by operation.
 *
 * <p>Repetitions take turns: one is timed as a whole, one node by node. On one CPU the nodes are
 * timed as the graph runs, which takes a tenth of a microsecond for each; with other devices each
 * is computed by itself, which takes much longer. {@link Profile#overhead} is what it took.
 */
public final class Profiler {
  private Profiler() {}

  /**
   * Measures; the session is empty afterwards.
   *
   * @param options of which {@link SpeedOptions#repetitions} are made with and as many without a
   *     look at the nodes
   * @throws IllegalArgumentException if the session's context is smaller than the test
   * @throws CancellationException if the options' listener said so
   */
  public static Profile run(Session session, SpeedTest test, SpeedOptions options) {
    SpeedBenchmark.checkFits(session, test);
    try {
      return run(new SessionWorkload(session, options.nBatch()), session::time, test, options);
    } finally {
      session.time(Optional.empty());
    }
  }

  /**
   * @param timing is given who is told the nodes' times from then on
   */
  static Profile run(
      SpeedBenchmark.Workload workload,
      Consumer<Optional<NodeTimer>> timing,
      SpeedTest test,
      SpeedOptions options) {
    NodeSums sums = new NodeSums(options.clock());
    workload.rewind(0);
    if (options.warmUp()) {
      timing.accept(Optional.of(sums)); // so that what looks at the nodes is compiled too
      SpeedBenchmark.warmUp(workload, test, options);
      timing.accept(Optional.empty());
      sums.take();
    }
    SpeedBenchmark.fill(workload, test);
    List<Long> plain = new ArrayList<>();
    List<Timed> profiled = new ArrayList<>();
    for (int i = 0; i < options.repetitions(); i++) {
      workload.rewind(test.nDepth());
      plain.add(SpeedBenchmark.time(workload, test, options));
      SpeedBenchmark.report(options, (i + 0.5) / options.repetitions());
      profiled.add(timed(workload, timing, sums, test, options));
      SpeedBenchmark.report(options, (i + 1.0) / options.repetitions());
    }
    workload.rewind(0);
    List<Timed> byTime = profiled.stream().sorted(Comparator.comparingLong(Timed::nanos)).toList();
    Timed median = byTime.get((byTime.size() - 1) / 2);
    return new Profile(test, plain, profiled.stream().map(Timed::nanos).toList(), median.rows);
  }

  /** A repetition whose nodes were timed. */
  private record Timed(long nanos, List<ProfileRow> rows) {}

  /** One repetition whose nodes are timed; not what comes before it, which may compute too. */
  private static Timed timed(
      SpeedBenchmark.Workload workload,
      Consumer<Optional<NodeTimer>> timing,
      NodeSums sums,
      SpeedTest test,
      SpeedOptions options) {
    workload.rewind(test.nDepth());
    timing.accept(Optional.of(sums));
    try {
      long nanos = SpeedBenchmark.time(workload, test, options);
      return new Timed(nanos, sums.take());
    } finally {
      timing.accept(Optional.empty());
    }
  }
}
