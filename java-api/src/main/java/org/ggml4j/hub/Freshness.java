package org.ggml4j.hub;

import java.io.IOException;
import java.util.Optional;

/** Asks a server whether it still has the file that was fetched from it. */
final class Freshness {
  private final Http http;
  private final Tuning tuning;
  private final Stop stop;

  Freshness(Http http, Tuning tuning, Stop stop) {
    this.http = http;
    this.tuning = tuning;
    this.stop = stop;
  }

  /** Whether what the server says of the file is what it said then; costs one byte. */
  boolean isSame(Source source, PullRecord known) throws IOException {
    Retries retries = new Retries(tuning, stop, () -> 0);
    while (true) {
      try (Http.Reply reply = http.get(source.uri(), new Ranges.Range(0, 1), "*/*", stop)) {
        int status = reply.status();
        if (status != 200 && status != 206) {
          throw Failures.of(reply, source.shown(), http.isHub(reply.uri()), tuning.clock());
        }
        String length =
            status == 200
                ? reply.header("Content-Length").orElse("")
                : reply.header("Content-Range").orElse("").replaceFirst(".*/", "");
        String validator = reply.header("ETag").or(() -> reply.header("Last-Modified")).orElse("");
        Optional<Checksum> linked =
            reply.linkedEtag().flatMap(etag -> Checksum.of(Checksum.Kind.SHA256, etag));
        return length.equals(Long.toString(known.size()))
            && (linked.isPresent()
                ? linked.equals(known.checksum())
                : validator.strip().equals(known.validator()));
      } catch (TransientException e) {
        retries.failed(e);
      }
    }
  }
}
