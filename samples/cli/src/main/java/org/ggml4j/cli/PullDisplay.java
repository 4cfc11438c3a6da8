package org.ggml4j.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;
import org.ggml4j.hub.PullProgress;
import org.ggml4j.hub.StoredModel;
import org.jspecify.annotations.Nullable;

/** Shows how far a pull is: a bar with the rate of the last seconds, and a line at the end. */
final class PullDisplay implements PullProgress.Listener, AutoCloseable {
  private static final long STEP = 500_000_000; // nanoseconds between the moments that are kept
  private static final int MOMENTS = 10;

  /** How much had arrived when. */
  private record Moment(long nanos, long bytes) {}

  private final Streams streams;
  private final LongSupplier clock;
  private final long begin;
  private final Deque<Moment> moments = new ArrayDeque<>();
  private @Nullable Bar bar;
  private PullProgress.@Nullable Phase phase;
  private boolean arriving;
  private long received;
  private long last = -1;

  /**
   * @param clock nanoseconds since whenever
   */
  PullDisplay(Streams streams, LongSupplier clock) {
    this.streams = streams;
    this.clock = clock;
    this.begin = clock.getAsLong();
  }

  @Override
  public synchronized boolean at(PullProgress p) {
    double share = p.total().isPresent() ? (double) p.done() / p.total().getAsLong() : 0;
    if (p.phase() != phase || bar == null) {
      close();
      boolean receiving = p.phase() == PullProgress.Phase.RECEIVING;
      bar = new Bar(streams, receiving ? "pull" : "check", share);
      phase = p.phase();
      moments.clear();
      last = -1;
    }
    if (p.phase() == PullProgress.Phase.RECEIVING) {
      arriving = true;
      received += last < 0 ? 0 : Math.max(0, p.done() - last);
      last = p.done();
    }
    bar.at(share, message(p));
    return true;
  }

  private String message(PullProgress p) {
    long now = clock.getAsLong();
    if (moments.isEmpty() || now - moments.getLast().nanos >= STEP) {
      moments.add(new Moment(now, p.done()));
      if (moments.size() > MOMENTS) {
        moments.remove();
      }
    }
    Moment first = moments.getFirst();
    String rate =
        now - first.nanos < STEP ? "" : " " + rate(p.done() - first.bytes, now - first.nanos);
    return p.total().isPresent()
        ? Figures.bytes(p.done()) + "/" + Figures.bytes(p.total().getAsLong()) + rate
        : Figures.bytes(p.done()) + rate;
  }

  private static String rate(long bytes, long nanos) {
    return Figures.bytes(Math.round(Math.max(0, bytes) * 1e9 / nanos)) + "/s";
  }

  /** What was done, in one line. */
  synchronized String summary(StoredModel model) {
    close();
    long nanos = Math.max(1, clock.getAsLong() - begin);
    String rate = received == 0 ? "" : ", " + rate(received, nanos);
    String size = Figures.bytes(model.size());
    String checked =
        model.checked() ? "its checksum is right" : "nobody named a checksum to compare it with";
    return !arriving
        ? model.name() + " is there (" + size + "); " + checked
        : "pulled "
            + model.name()
            + " ("
            + size
            + ") in "
            + Figures.duration(nanos / 1e9)
            + rate
            + "; "
            + checked;
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
