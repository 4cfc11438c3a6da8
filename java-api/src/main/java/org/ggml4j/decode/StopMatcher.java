package org.ggml4j.decode;

import java.util.List;

/**
 * Finds stop strings in a text that arrives in pieces, also one that spans several, and holds back
 * an end of the text that may still become one.
 */
final class StopMatcher {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /**
   * @param stops texts that end the generation; none of them empty
   */
  StopMatcher(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  private StopMatcher(StopMatcher of) {
    stops = of.stops;
    held.append(of.held);
    stopped = of.stopped;
  }

  /** An independent matcher in the same state. */
  StopMatcher fork() {
    return new StopMatcher(this);
  }

  /**
   * Takes the next piece and returns the text that is certain now; after a stop string, what was
   * before it.
   */
  String accept(String piece) {
    if (stops.isEmpty()) {
      return piece;
    }
    held.append(piece);
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    if (first >= 0) {
      stopped = true;
      held.setLength(first);
      return flush();
    }
    int keep = 0;
    for (String stop : stops) {
      keep = Math.max(keep, overlap(stop));
    }
    String certain = held.substring(0, held.length() - keep);
    held.delete(0, certain.length());
    return certain;
  }

  /** Length of the longest end of the text that a stop string begins with. */
  private int overlap(String stop) {
    for (int n = Math.min(stop.length() - 1, held.length()); n > 0; n--) {
      if (stop.startsWith(held.substring(held.length() - n))) {
        return n;
      }
    }
    return 0;
  }

  /** Whether a stop string has appeared. */
  boolean isStopped() {
    return stopped;
  }

  /** Returns what was held back: no more pieces will come. */
  String flush() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }
}
