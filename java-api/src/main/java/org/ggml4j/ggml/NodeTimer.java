package org.ggml4j.ggml;

import java.util.List;

/**
 * Learns how long each part of a computation took: mostly one node, or two that GGML computes as
 * one. Views take no time and are no parts.
 *
 * <p>Both methods run in the thread that computes, and are to return at once. What they throw comes
 * out of {@link Scheduler#compute}.
 */
public interface NodeTimer {
  /**
   * What the time is, in nanoseconds since some moment. Asked after each part, while other threads
   * wait.
   */
  default long nanos() {
    return System.nanoTime();
  }

  /**
   * A computation has ended.
   *
   * @param parts in the order in which they were computed, each with its nodes; the same list as
   *     before where it is the same graph. The tensors are valid until that is cleared
   * @param nanos how long each took, as long as the list; used again for the next computation
   */
  void computed(List<List<Tensor>> parts, long[] nanos);
}
