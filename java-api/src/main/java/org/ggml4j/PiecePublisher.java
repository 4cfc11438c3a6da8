package org.ggml4j;

import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A generation for one subscriber, by the rules of Reactive Streams 1.0.4. Nothing is computed
 * before it is demanded, so nothing is ever stored.
 */
final class PiecePublisher implements Flow.Publisher<Piece> {
  private final Generation generation;
  private final Executor executor;
  private final AtomicBoolean subscribed = new AtomicBoolean();

  PiecePublisher(Generation generation, Executor executor) {
    this.generation = generation;
    this.executor = executor;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super Piece> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    Iterator<Piece> pieces;
    try {
      if (!subscribed.compareAndSet(false, true)) {
        throw new IllegalStateException("a generation has one subscriber only");
      }
      pieces = generation.iterator();
    } catch (IllegalStateException e) {
      subscriber.onSubscribe(new Nothing());
      subscriber.onError(e);
      return;
    }
    Work work = new Work(subscriber, pieces);
    subscriber.onSubscribe(work);
    work.begin();
  }

  /** For a subscriber that is refused. */
  private static final class Nothing implements Flow.Subscription {
    @Override
    public void request(long n) {}

    @Override
    public void cancel() {}
  }

  /** What the subscriber asked for, and the task that does it. */
  private final class Work implements Flow.Subscription, Runnable {
    private final Iterator<Piece> pieces;
    private final AtomicLong demand = new AtomicLong();

    /** Calls that have not been looked at; the task runs while there are some. */
    private final AtomicInteger calls = new AtomicInteger(1); // until onSubscribe has returned

    private volatile Flow.@Nullable Subscriber<? super Piece> subscriber;
    private volatile @Nullable IllegalArgumentException badRequest;

    Work(Flow.Subscriber<? super Piece> subscriber, Iterator<Piece> pieces) {
      this.subscriber = subscriber;
      this.pieces = pieces;
    }

    @Override
    public void request(long n) {
      if (n <= 0) {
        badRequest =
            new IllegalArgumentException("request: expected 1 or more (rule 3.9), found " + n);
      } else {
        demand.accumulateAndGet(n, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
      }
      if (calls.getAndIncrement() == 0) {
        start();
      }
    }

    @Override
    public void cancel() {
      subscriber = null;
      generation.abandon();
    }

    /** Begins with what was demanded during {@code onSubscribe}. */
    void begin() {
      if (calls.addAndGet(-1) > 0) {
        start();
      }
    }

    private void start() {
      try {
        executor.execute(this);
      } catch (RejectedExecutionException e) {
        fail(e);
      }
    }

    @Override
    public void run() {
      int seen = calls.get();
      do {
        work();
        seen = calls.addAndGet(-seen);
      } while (seen > 0);
    }

    private void work() {
      while (true) {
        Flow.Subscriber<? super Piece> to = subscriber;
        if (to == null) {
          return;
        }
        IllegalArgumentException bad = badRequest;
        if (bad != null) {
          generation.abandon();
          fail(bad);
        } else if (generation.isOver()) {
          complete();
        } else if (demand.get() == 0) {
          return;
        } else {
          step(to);
        }
      }
    }

    private void step(Flow.Subscriber<? super Piece> to) {
      Piece piece;
      try {
        if (!pieces.hasNext()) {
          complete();
          return;
        }
        piece = pieces.next();
      } catch (RuntimeException | Error e) {
        fail(e);
        return;
      }
      demand.getAndUpdate(d -> d == Long.MAX_VALUE ? d : d - 1);
      if (subscriber != null) {
        try {
          to.onNext(piece);
        } catch (RuntimeException | Error e) {
          cancel(); // rule 2.13: such a subscriber has cancelled
          throw e;
        }
      }
    }

    private void complete() {
      Flow.Subscriber<? super Piece> to = subscriber;
      subscriber = null;
      if (to != null) {
        to.onComplete();
      }
    }

    private void fail(Throwable problem) {
      Flow.Subscriber<? super Piece> to = subscriber;
      subscriber = null;
      if (to != null) {
        to.onError(problem);
      }
    }
  }
}
