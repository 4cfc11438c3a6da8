package org.ggml4j;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Steps of which none depends on another, done by several threads. */
final class ParallelSteps {
  private ParallelSteps() {}

  /**
   * Does the steps, begun in their order. When this returns or throws, no thread is at work any
   * more.
   *
   * @param threads how many do them; the caller waits
   * @param afterEach what the caller does after each step, in the order of the steps; what it or a
   *     step throws ends the work
   */
  static void run(List<Runnable> steps, int threads, Runnable afterEach) {
    ExecutorService pool =
        Executors.newFixedThreadPool(
            threads,
            task -> {
              Thread t = new Thread(task, "ggml4j-load");
              t.setDaemon(true);
              return t;
            });
    try {
      List<Future<?>> running = new ArrayList<>();
      for (Runnable step : steps) {
        running.add(pool.submit(step));
      }
      for (Future<?> one : running) {
        await(one);
        afterEach.run();
      }
    } finally {
      pool.shutdownNow();
      pool.close();
    }
  }

  private static void await(Future<?> step) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          step.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true; // told again at the end: loading is cancelled by its listener
        } catch (ExecutionException e) {
          if (e.getCause() instanceof RuntimeException cause) {
            throw cause;
          }
          if (e.getCause() instanceof Error cause) {
            throw cause;
          }
          throw new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
