package org.ggml4j.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C, or another polite request to end: from {@link #begin} to {@link #close} the command is
 * told, and the process waits for it to finish in order. It then ends with the signal's exit code,
 * 130 for Ctrl-C.
 */
final class Interruption implements AutoCloseable {
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupt, "interruption");
  private volatile boolean interrupted;
  private Runnable action = () -> {};

  private Interruption() {}

  static Interruption begin() {
    Interruption interruption = new Interruption();
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  /** What stops the work; runs at once if the request came before. */
  synchronized void onInterrupt(Runnable stop) {
    action = stop;
    if (interrupted) {
      stop.run();
    }
  }

  /** Whether the command is to end. */
  boolean requested() {
    return interrupted;
  }

  private void interrupt() {
    synchronized (this) {
      interrupted = true;
      action.run();
    }
    boolean waiting = true;
    while (waiting) {
      try {
        finished.await();
        waiting = false;
      } catch (InterruptedException e) {
        // Nobody interrupts this thread; the work is waited for in any case.
      }
    }
  }

  /** The command has finished. */
  @Override
  public void close() {
    finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already, and the hook with it.
    }
  }
}
