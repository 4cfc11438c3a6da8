package org.ggml4j.ggml;

import org.jspecify.annotations.Nullable;

/** A way to find out how long the nodes of a graph take. */
sealed interface NodeTiming permits TimingInPlace, TimingApart {
  /** Before a graph is computed. */
  void begin(Graph graph);

  /**
   * After a computation that was not aborted; tells the timer.
   *
   * @return what went wrong, if anything did
   */
  @Nullable Throwable end();

  /** Times no more. */
  void close();
}
