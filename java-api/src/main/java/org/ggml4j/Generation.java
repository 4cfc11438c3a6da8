package org.ggml4j;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.StopReason;
import org.ggml4j.decode.TokenLoop;
import org.ggml4j.ggml.GgmlException;

/**
 * A text being written: iterate over it, stream it, or subscribe to it, once. A token is computed
 * when it is asked for, so a reader who is slow holds the model back, and one who stops reading
 * stops it.
 *
 * <p>The session must not be used for anything else until the generation has ended or was
 * abandoned. One thread at a time; {@link #cancel} may come from any thread.
 */
public final class Generation implements Iterable<Piece> {
  private final Session session;
  private final TokenLoop loop;
  private final int promptTokens;
  private final long revision;
  private final Optional<Supplier<SpeculationStats>> speculation;
  private final StringBuilder text = new StringBuilder();
  private final long begin = System.nanoTime();
  private long firstToken;
  private long lastToken;
  private volatile boolean cancelled;
  private volatile boolean abandoned;
  private final AtomicBoolean iterated = new AtomicBoolean();

  Generation(
      Session session,
      TokenLoop loop,
      int promptTokens,
      long revision,
      Optional<Supplier<SpeculationStats>> speculation) {
    this.session = session;
    this.loop = loop;
    this.promptTokens = promptTokens;
    this.revision = revision;
    this.speculation = speculation;
  }

  /**
   * The pieces, each computed when it is asked for.
   *
   * @throws IllegalStateException if it was asked for before
   */
  @Override
  public Iterator<Piece> iterator() {
    if (!iterated.compareAndSet(false, true)) {
      throw new IllegalStateException("a generation can be read once only");
    }
    return new Pieces();
  }

  /** The pieces as a sequential stream; like {@link #iterator}, once. Closing it cancels. */
  public Stream<Piece> stream() {
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(
                iterator(), Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE),
            false)
        .onClose(this::abandon);
  }

  /** As {@link #publisher(Executor)}, with a thread of its own that lives while there is demand. */
  public Flow.Publisher<Piece> publisher() {
    return publisher(task -> Thread.ofPlatform().daemon().name("ggml4j-generation").start(task));
  }

  /**
   * The pieces for one subscriber, by the rules of Reactive Streams. A piece is computed when it is
   * demanded, so a slow subscriber holds the model back and nothing piles up; cancelling the
   * subscription also stops a running step. What fails the generation, arrives as an error.
   *
   * @param executor computes, and calls the subscriber; one task at a time
   */
  public Flow.Publisher<Piece> publisher(Executor executor) {
    return new PiecePublisher(this, executor);
  }

  /** Generates what has not been read yet, and returns the whole text. */
  public String text() {
    if (!iterated.get()) {
      Iterator<Piece> pieces = iterator();
      while (pieces.hasNext()) {
        pieces.next();
      }
    }
    return text.toString();
  }

  /** Ends the generation, also inside a running step; from any thread. */
  public void cancel() {
    cancelled = true;
    session.stopStep(this);
  }

  /** Ends it when nobody will read on. */
  void abandon() {
    abandoned = true;
    cancel();
  }

  /** Whether no more pieces will come, as far as that is known. */
  boolean isOver() {
    return cancelled || loop.reason().isPresent();
  }

  /** Why it ended; empty while it has not. */
  public Optional<StopReason> stopReason() {
    return loop.reason().or(() -> abandoned ? Optional.of(StopReason.CANCELLED) : Optional.empty());
  }

  /** Figures of what was done so far. */
  public GenerationStats stats() {
    return new GenerationStats(
        loop.reason().orElse(StopReason.CANCELLED),
        promptTokens,
        firstToken == 0 ? 0 : (firstToken - begin) / 1e9,
        loop.generated(),
        (lastToken - firstToken) / 1e9,
        speculation.map(Supplier::get));
  }

  private final class Pieces implements Iterator<Piece> {
    private Optional<Piece> next = Optional.empty();

    @Override
    public boolean hasNext() {
      if (next.isEmpty()) {
        next = advance();
      }
      return next.isPresent();
    }

    @Override
    public Piece next() {
      if (!hasNext()) {
        throw new NoSuchElementException("the text has ended: " + loop.reason().orElseThrow());
      }
      Piece piece = next.orElseThrow();
      next = Optional.empty();
      return piece;
    }
  }

  private Optional<Piece> advance() {
    session.continuations().beginStep(this, revision);
    try {
      if (cancelled) {
        loop.cancel();
      }
      if (!loop.next()) {
        return Optional.empty();
      }
    } catch (GgmlException e) {
      if (e.status() == GgmlException.Status.ABORTED && cancelled) {
        loop.cancel();
        return Optional.empty();
      }
      throw e;
    } finally {
      session.continuations().endStep(loop);
    }
    lastToken = System.nanoTime();
    firstToken = firstToken == 0 ? lastToken : firstToken;
    text.append(loop.text());
    return Optional.of(Piece.of(loop));
  }

  /** Cancelled by the session. */
  void markCancelled() {
    cancelled = true;
  }
}
