package org.ggml4j.hub;

import java.time.Duration;
import java.time.InstantSource;

/**
 * Sizes and times of a pull, which tests make small.
 *
 * @param firstBytes length of the first request, which shows what the server can do
 * @param rangeBytes length of the others
 * @param saveBytes how much may arrive before the journal is written
 * @param attempts how often in a row nothing may arrive
 * @param silence how long a server may say nothing
 * @param pauses how it is waited
 * @param clock for servers that name the time until which to wait
 */
record Tuning(
    int firstBytes,
    int rangeBytes,
    int saveBytes,
    int attempts,
    Duration silence,
    Pauses pauses,
    InstantSource clock) {
  /** Waits for so long, unless the pull is stopped. */
  @FunctionalInterface
  interface Pauses {
    void pause(Duration duration, Stop stop);
  }

  static Tuning standard() {
    return new Tuning(
        1 << 20,
        32 << 20,
        8 << 20,
        6,
        Duration.ofSeconds(60),
        (duration, stop) -> stop.pause(duration),
        InstantSource.system());
  }
}
