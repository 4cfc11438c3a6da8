package org.ggml4j.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ggml4j.hub.Ranges.Range;

/**
 * Fetches one file. The first request shows what the server can do; the rest comes in ranges over
 * several connections, or in one piece from a server that knows no ranges. What breaks is asked for
 * again, without the bytes that are there.
 */
final class Download {
  /** Is told of bytes, in all those of this file that are here or are checked. */
  interface Watcher {
    void at(PullProgress.Phase phase, long done, long size);
  }

  private static final int MAX_RESTARTS = 3;
  private static final int BUFFER = 1 << 16;
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");
  private static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);

  private final Http http;
  private final Tuning tuning;
  private final Stop stop;
  private final int connections;
  private final Source source;
  private final Path target;
  private final Watcher watcher;
  private volatile URI location; // where the last request ended; its redirects are spared

  Download(
      Http http,
      Tuning tuning,
      Stop stop,
      int connections,
      Source source,
      Path target,
      Watcher watcher) {
    this.http = http;
    this.tuning = tuning;
    this.stop = stop;
    this.connections = connections;
    this.source = source;
    this.target = target;
    this.watcher = watcher;
    this.location = source.uri();
  }

  /** Fetches the file; it is at its place, whole and checked, when this returns. */
  void run() throws IOException {
    try (PartFile part = PartFile.open(target, source, tuning.saveBytes())) {
      for (int restarts = 0; ; restarts++) {
        try {
          fetch(part);
          check(part);
          part.finish();
          return;
        } catch (ChangedException e) {
          if (restarts == MAX_RESTARTS) {
            throw new HubException(e.getMessage() + " again and again: pull later", e);
          }
          part.discard();
          location = source.uri();
        }
      }
    }
  }

  private void fetch(PartFile part) throws IOException {
    Optional<Range> first = part.firstMissing(tuning.firstBytes());
    if (first.isPresent()) {
      receive(part, first.get(), true, stop);
    }
    byte[] head = part.head(MAGIC.length);
    if (!Arrays.equals(head, MAGIC)) {
      part.remove();
      throw new HubException(
          source.shown()
              + " is no GGUF file: it begins with '"
              + SafeName.printable(new String(head, StandardCharsets.ISO_8859_1))
              + "'");
    }
    List<Range> rest = part.missing(tuning.rangeBytes());
    if (!rest.isEmpty()) {
      receiveAll(part, rest);
    }
  }

  /** Several ranges at a time; the first failure ends all. */
  @SuppressWarnings("try") // held, not used
  private void receiveAll(PartFile part, List<Range> ranges) throws IOException {
    Queue<Range> queue = new ConcurrentLinkedQueue<>(ranges);
    Stop siblings = new Stop();
    BlockingQueue<Optional<Throwable>> ended = new LinkedBlockingQueue<>();
    int threads = Math.min(connections, ranges.size());
    Throwable failure = null;
    try (Stop.Registration r = stop.register(siblings::request)) {
      for (int i = 0; i < threads; i++) {
        Thread.ofPlatform()
            .daemon()
            .name("ggml4j-pull-" + i)
            .start(() -> ended.add(drain(part, queue, siblings)));
      }
      for (int i = 0; i < threads; i++) {
        Throwable e = take(ended).orElse(null);
        if (e != null) {
          siblings.request();
          failure = failure == null || failure instanceof CancellationException ? e : failure;
        }
      }
    }
    stop.check();
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure != null) {
      throw new IllegalStateException("a thread of the pull failed", failure);
    }
  }

  /** Nobody interrupts the threads of a pull: its {@link Stop} reaches them. */
  private static <T> T take(BlockingQueue<T> queue) {
    try {
      return queue.take();
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted by a stranger", e);
    }
  }

  private Optional<Throwable> drain(PartFile part, Queue<Range> queue, Stop siblings) {
    try {
      for (Range range = queue.poll(); range != null; range = queue.poll()) {
        receive(part, range, false, siblings);
      }
      return Optional.empty();
    } catch (IOException | RuntimeException | Error e) {
      return Optional.of(e);
    }
  }

  /**
   * Fetches a range, however often it takes.
   *
   * @param alone whether nobody else fetches now, so that the whole file may come instead
   */
  private void receive(PartFile part, Range range, boolean alone, Stop until) throws IOException {
    Retries retries = new Retries(tuning, until, part::arrived);
    Cursor cursor = new Cursor(range.from());
    while (cursor.at < (part.size() < 0 ? range.to() : Math.min(range.to(), part.size()))) {
      try {
        ask(part, cursor, range.to(), alone, until);
      } catch (TransientException e) {
        retries.failed(e);
      }
    }
  }

  /** How far a range is. */
  private static final class Cursor {
    long at;

    Cursor(long at) {
      this.at = at;
    }
  }

  private void ask(PartFile part, Cursor cursor, long to, boolean alone, Stop until)
      throws IOException {
    URI asked = location;
    try (Http.Reply reply = http.get(asked, new Range(cursor.at, to), "*/*", until)) {
      switch (reply.status()) {
        case 206 -> partial(reply, part, cursor, to, until);
        case 200 -> {
          if (!alone) {
            throw new TransientException("the server sent the whole file instead of a part");
          }
          whole(reply, part, cursor, until);
        }
        case 416 -> {
          if (part.arrived() == 0) {
            throw new HubException(source.shown() + " is empty", 416);
          }
          throw new ChangedException(source.shown() + " is shorter now on the server");
        }
        default -> {
          boolean redirected = !asked.equals(source.uri());
          if (redirected && Set.of(400, 401, 403, 404, 410).contains(reply.status())) {
            location = source.uri();
            throw new TransientException(
                "the address that the hub gave has expired (status " + reply.status() + ")",
                Duration.ZERO);
          }
          throw Failures.of(reply, source.shown(), http.isHub(reply.uri()), tuning.clock());
        }
      }
    }
  }

  private void partial(Http.Reply reply, PartFile part, Cursor cursor, long to, Stop until)
      throws IOException {
    String said = reply.header("Content-Range").orElse("");
    Matcher m = CONTENT_RANGE.matcher(said);
    long from = m.matches() ? Long.parseLong(m.group(1)) : -1;
    long end = m.matches() ? Long.parseLong(m.group(2)) + 1 : -1;
    long size = m.matches() ? Long.parseLong(m.group(3)) : -1;
    if (from != cursor.at || end <= from || end > to || end > size) {
      throw new HubException(
          source.shown()
              + ": asked for bytes "
              + cursor.at
              + "-"
              + (to - 1)
              + ", the server sent '"
              + SafeName.printable(said)
              + "'");
    }
    learn(reply, part, size);
    copy(reply, part, cursor, end, until);
  }

  private void whole(Http.Reply reply, PartFile part, Cursor cursor, Stop until)
      throws IOException {
    String length = reply.header("Content-Length").orElse("");
    learn(reply, part, length.matches("\\d{1,18}") ? Long.parseLong(length) : -1);
    Cursor all = new Cursor(0);
    if (part.size() >= 0) {
      copy(reply, part, all, part.size(), until);
    } else {
      copy(reply, part, all, Long.MAX_VALUE, until);
      part.endedAt(all.at);
    }
    cursor.at = all.at;
  }

  private void learn(Http.Reply reply, PartFile part, long size) throws IOException {
    String encoding = reply.header("Content-Encoding").orElse("identity");
    if (!encoding.equalsIgnoreCase("identity")) {
      throw new HubException(
          source.shown() + " comes packed as " + SafeName.printable(encoding) + ", unasked");
    }
    String validator =
        reply.header("ETag").or(() -> reply.header("Last-Modified")).map(String::strip).orElse("");
    part.learn(
        size,
        validator,
        reply.linkedEtag().flatMap(etag -> Checksum.of(Checksum.Kind.SHA256, etag)));
    location = reply.uri();
  }

  /** Copies a body to its place; {@code end} may be unknown, which is the largest number. */
  private void copy(Http.Reply reply, PartFile part, Cursor cursor, long end, Stop until)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    try (BodyReader reader = reply.reader(until)) {
      while (cursor.at < end) {
        int n = (int) Math.min(reader.read(buffer), end - cursor.at);
        if (n < 0) {
          if (end == Long.MAX_VALUE) {
            return;
          }
          throw new TransientException("the connection ended early");
        }
        part.write(cursor.at, buffer, n);
        cursor.at += n;
        watcher.at(PullProgress.Phase.RECEIVING, part.arrived(), part.size());
      }
    }
  }

  private void check(PartFile part) throws IOException {
    Optional<Checksum> expected = part.checksum();
    if (expected.isEmpty()) {
      return;
    }
    Checksum found =
        part.compute(
            expected.get().kind(),
            done -> {
              stop.check();
              watcher.at(PullProgress.Phase.CHECKING, done, part.size());
            });
    if (!found.equals(expected.get())) {
      part.remove();
      throw new HubException(
          source.shown()
              + " arrived with "
              + found
              + ", expected "
              + expected.get().hex()
              + ": it was removed. Pull again; if this happens again, the server's file is"
              + " damaged");
    }
  }
}
