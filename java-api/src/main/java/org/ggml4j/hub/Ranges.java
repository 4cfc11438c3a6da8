package org.ggml4j.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Parts of a file, as disjoint ranges that do not touch. */
final class Ranges {
  /**
   * Some bytes of a file.
   *
   * @param from the first
   * @param to the one after the last
   */
  record Range(long from, long to) {
    Range {
      if (from < 0 || to <= from) {
        throw new IllegalArgumentException("no range: " + from + " to " + to);
      }
    }

    long length() {
      return to - from;
    }
  }

  private final TreeMap<Long, Long> ends = new TreeMap<>(); // from each begin
  private long total;

  /** Adds bytes, which may be in already; returns how many are new. */
  long add(long from, long to) {
    long before = total;
    long begin = from;
    long end = to;
    Map.Entry<Long, Long> left = ends.floorEntry(from);
    if (left != null && left.getValue() >= from) {
      begin = left.getKey();
    }
    for (Map.Entry<Long, Long> e : List.copyOf(ends.subMap(begin, true, to, true).entrySet())) {
      end = Math.max(end, e.getValue());
      total -= e.getValue() - e.getKey();
      ends.remove(e.getKey());
    }
    if (end > begin) {
      ends.put(begin, end);
      total += end - begin;
    }
    return total - before;
  }

  /** How many bytes there are. */
  long total() {
    return total;
  }

  void clear() {
    ends.clear();
    total = 0;
  }

  List<Range> list() {
    List<Range> list = new ArrayList<>();
    ends.forEach((from, to) -> list.add(new Range(from, to)));
    return list;
  }

  /**
   * What is missing of the bytes before {@code size}, in order, in pieces of at most that length.
   */
  List<Range> missing(long size, long piece) {
    List<Range> missing = new ArrayList<>();
    long at = 0;
    for (Range r : list()) {
      cut(at, Math.min(r.from, size), piece, missing);
      at = Math.max(at, r.to);
    }
    cut(at, size, piece, missing);
    return missing;
  }

  private static void cut(long from, long to, long piece, List<Range> pieces) {
    for (long at = from; at < to; at += Math.min(piece, to - at)) {
      pieces.add(new Range(at, at + Math.min(piece, to - at)));
    }
  }
}
