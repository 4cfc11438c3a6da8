package org.ggml4j;

import org.jspecify.annotations.Nullable;

/** Stops a generation, also one that has not begun yet. Any thread. */
final class Cancellation {
  private volatile @Nullable Generation running;
  private volatile boolean asked;

  /** Something new begins, that nobody has cancelled. */
  void reset() {
    asked = false;
  }

  void begin(Generation generation) {
    running = generation;
    if (asked) {
      generation.cancel();
    }
  }

  void end() {
    running = null;
  }

  void cancel() {
    asked = true;
    Generation now = running;
    if (now != null) {
      now.cancel();
    }
  }

  boolean isAsked() {
    return asked;
  }
}
