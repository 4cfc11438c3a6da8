package org.ggml4j;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.StopReason;
import org.ggml4j.decode.TokenLoop;
import org.ggml4j.ggml.GgmlException;

/**
 * A text being written: iterate over it, or stream it, once. A token is computed when it is asked
 * for, so a reader who is slow holds the model back, and one who stops reading stops it.
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
  private boolean iterated;

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
    if (iterated) {
      throw new IllegalStateException("a generation can be read once only");
    }
    iterated = true;
    return new Pieces();
  }

  /** The pieces as a sequential stream; like {@link #iterator}, once. */
  public Stream<Piece> stream() {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(
            iterator(), Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE),
        false);
  }

  /** Generates what has not been read yet, and returns the whole text. */
  public String text() {
    if (!iterated) {
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

  /** Why it ended; empty while it has not. */
  public Optional<StopReason> stopReason() {
    return loop.reason();
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
    session.beginStep(this, revision);
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
      session.endStep(loop);
    }
    lastToken = System.nanoTime();
    firstToken = firstToken == 0 ? lastToken : firstToken;
    text.append(loop.text());
    return Optional.of(new Piece(loop.token(), loop.logProbability(), loop.text()));
  }

  /** Cancelled by the session. */
  void markCancelled() {
    cancelled = true;
  }
}
