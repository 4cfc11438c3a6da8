package org.ggml4j;

import org.jspecify.annotations.Nullable;

/** Whether a session is open, and what it does: its family's to know. */
final class SessionState {
  private @Nullable Generation running;
  private boolean cancelled;
  private volatile boolean closed;

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this session was closed");
    }
  }

  boolean isClosed() {
    return closed;
  }

  /** Whether it was open. */
  boolean markClosed() {
    boolean open = !closed;
    closed = true;
    return open;
  }

  boolean isCancelled() {
    return cancelled;
  }

  void setCancelled(boolean cancelled) {
    this.cancelled = cancelled;
  }

  @Nullable Generation running() {
    return running;
  }

  void setRunning(@Nullable Generation generation) {
    running = generation;
  }
}
