package org.ggml4j.hub;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Tries again while there is hope: the wait doubles each time nothing arrived, from one second to
 * one minute, or is what the server asks.
 */
final class Retries {
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final Duration LONGEST_ASKED = Duration.ofMinutes(10);

  private final Tuning tuning;
  private final Stop stop;
  private final LongSupplier arrived;
  private long arrivedBefore;
  private int fruitless;

  /**
   * @param arrived how much arrived in all: as long as it grows there is hope, whoever received it
   */
  Retries(Tuning tuning, Stop stop, LongSupplier arrived) {
    this.tuning = tuning;
    this.stop = stop;
    this.arrived = arrived;
    this.arrivedBefore = arrived.getAsLong();
  }

  /**
   * An attempt failed: waits before the next.
   *
   * @throws HubException if there is to be no other
   */
  void failed(TransientException e) throws HubException {
    stop.check();
    long now = arrived.getAsLong();
    fruitless = now > arrivedBefore ? 1 : fruitless + 1;
    arrivedBefore = now;
    if (fruitless >= tuning.attempts()) {
      throw new HubException(
          e.getMessage()
              + "; given up after "
              + fruitless
              + " attempts. What has arrived is kept: pull again to go on",
          e);
    }
    Duration asked = e.askedWait();
    if (asked != null && asked.compareTo(LONGEST_ASKED) > 0) {
      throw new HubException(
          e.getMessage() + "; it asks to wait " + asked.toSeconds() + " s: pull again then", e);
    }
    Duration own = Duration.ofSeconds(1L << Math.min(fruitless - 1, 6));
    Duration wait = own.compareTo(LONGEST) > 0 ? LONGEST : own;
    tuning.pauses().pause(asked == null ? wait : asked, stop);
  }
}
