package org.ggml4j.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Reads a body, which it closes if the server falls silent or the pull is stopped. */
final class BodyReader implements AutoCloseable {
  /** One thread for all, which mostly sleeps. */
  private static final class Watch {
    static final ScheduledExecutorService TIMER =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "ggml4j-pull-watch");
              thread.setDaemon(true);
              return thread;
            });
  }

  private final InputStream body;
  private final Stop stop;
  private final Stop.Registration registration;
  private final ScheduledFuture<?> watch;
  private volatile long reads;
  private volatile boolean silent;
  private long readsSeen = -1; // by the watch only

  BodyReader(InputStream body, Duration silence, Stop stop) {
    this.body = body;
    this.stop = stop;
    this.registration = stop.register(this::closeBody);
    long nanos = silence.toNanos();
    this.watch = Watch.TIMER.scheduleWithFixedDelay(this::look, nanos, nanos, TimeUnit.NANOSECONDS);
  }

  private void look() {
    long now = reads;
    if (now == readsSeen) {
      silent = true;
      closeBody();
    }
    readsSeen = now;
  }

  /**
   * Reads some bytes; -1 at the end of the body.
   *
   * @throws TransientException if the connection broke or is silent
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only this thread writes it
  int read(byte[] buffer) throws TransientException {
    int n;
    try {
      n = body.read(buffer);
    } catch (IOException e) {
      stop.check();
      throw new TransientException(broken(), e);
    }
    stop.check();
    if (silent) {
      throw new TransientException(broken());
    }
    reads++;
    return n;
  }

  private String broken() {
    return silent ? "the server fell silent" : "the connection broke";
  }

  private void closeBody() {
    try {
      body.close();
    } catch (IOException e) {
      // The reader finds out.
    }
  }

  @Override
  public void close() {
    watch.cancel(false);
    registration.close();
    closeBody();
  }
}
