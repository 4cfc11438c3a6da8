package org.ggml4j.ggml;

import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Says how many threads are worth having, when other processes keep processors busy.
 *
 * <p>GGML's threads wait for each other after each operation. A thread that must share its
 * processor makes all others wait for it, so one busy process can cost more than the processor that
 * it takes; with a thread less, it costs just that one. Looks at the system's counters several
 * times a second, and only while something is computed.
 */
final class ThreadGovernor {
  /** How long is looked at, in nanoseconds: counters are too coarse for less. */
  static final long INTERVAL = 80_000_000;

  // A processor is given up when others use more than this of it, and taken back when they used
  // less than that over so many looks together, since a wrong guess upwards costs most.
  private static final double TAKEN = 0.5;
  private static final double FREE = 0.35;
  private static final int LOOKS = 4;

  private final CpuTimes times;
  private final ReentrantLock lock = new ReentrantLock();
  private Optional<CpuTimes.Sample> last;
  private volatile long next;
  private volatile int free;
  // What others used in the last looks, a ring.
  private final double[] others = new double[LOOKS];
  private int looks;

  ThreadGovernor(CpuTimes times) {
    this.times = times;
    this.free = times.processors();
    this.last = times.sample();
    this.next = (last.isPresent() ? last.get().nanos() : System.nanoTime()) + INTERVAL;
  }

  /** The one of this process, which all sessions ask. */
  static ThreadGovernor ofProcess() {
    return Holder.GOVERNOR;
  }

  private static final class Holder {
    static final ThreadGovernor GOVERNOR = new ThreadGovernor(CpuTimes.ofSystem());
  }

  /**
   * How many of these threads should compute now.
   *
   * @param most what was asked for
   * @param now {@link System#nanoTime}
   */
  int threads(int most, long now) {
    if (now - next >= 0 && most > 1 && lock.tryLock()) {
      try {
        look();
      } finally {
        lock.unlock();
      }
    }
    return free < 1 ? 1 : Math.min(most, free);
  }

  private void look() {
    Optional<CpuTimes.Sample> sample = times.sample();
    if (sample.isPresent() && last.isPresent()) {
      CpuTimes.Sample a = last.get();
      CpuTimes.Sample b = sample.get();
      long wall = b.nanos() - a.nanos();
      if (wall >= INTERVAL / 2) {
        others[looks++ % LOOKS] =
            Math.max(0, (b.busy() - a.busy()) - (b.own() - a.own())) / (double) wall;
        free = free();
      }
    } else {
      free = times.processors();
      looks = 0;
    }
    last = sample;
    next = System.nanoTime() + INTERVAL;
  }

  private int free() {
    double now = others[(looks - 1) % LOOKS];
    int less = times.processors() - (int) Math.ceil(now - TAKEN);
    if (less <= free || looks < LOOKS) {
      return Math.min(less, free);
    }
    double sum = 0;
    for (double one : others) {
      sum += one;
    }
    int more = times.processors() - (int) Math.ceil(sum / LOOKS - FREE);
    return Math.max(more, free);
  }
}
