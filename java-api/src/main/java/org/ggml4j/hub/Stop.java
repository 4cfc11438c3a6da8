package org.ggml4j.hub;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The request to end a pull: reaches all of its threads, whatever they wait for. */
final class Stop {
  /** Undoes a registration. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  private final CountDownLatch requested = new CountDownLatch(1);
  private final Set<Runnable> actions = ConcurrentHashMap.newKeySet();

  /** Asks all to end. */
  void request() {
    requested.countDown();
    actions.forEach(Runnable::run);
  }

  boolean isRequested() {
    return requested.getCount() == 0;
  }

  void check() {
    if (isRequested()) {
      throw new CancellationException("the pull was stopped");
    }
  }

  /** Has something done when the request comes, at once if it came before. */
  Registration register(Runnable action) {
    actions.add(action);
    if (isRequested()) {
      action.run();
    }
    return () -> actions.remove(action);
  }

  /** Waits so long, or until the request comes. */
  void pause(Duration duration) {
    try {
      boolean stopped = requested.await(duration.toNanos(), TimeUnit.NANOSECONDS);
      if (stopped) {
        check();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("the pull was stopped");
    }
  }
}
