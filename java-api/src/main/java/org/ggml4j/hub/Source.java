package org.ggml4j.hub;

import java.net.URI;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A file to fetch.
 *
 * @param uri where it is asked for
 * @param size what the hub says of its size
 * @param checksum what the hub says of its content
 */
record Source(URI uri, OptionalLong size, Optional<Checksum> checksum) {
  /** Where it comes from, as it may be shown and kept. */
  String shown() {
    return Origin.display(uri);
  }
}
