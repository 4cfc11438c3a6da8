package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A regular expression as a tree. */
sealed interface Regex {
  int UNLIMITED = Expr.UNLIMITED;

  /** Nothing. */
  static Regex empty() {
    return new Seq(List.of());
  }

  /** Any text at all. */
  static Regex anyText() {
    return new Repeat(new Chars(CodePointSet.ALL), 0, UNLIMITED);
  }

  /** One character of a set, which may be empty: then nothing matches. */
  record Chars(CodePointSet set) implements Regex {}

  /** Parts one after the other. */
  record Seq(List<Regex> parts) implements Regex {}

  /** One of several. */
  record Alt(List<Regex> options) implements Regex {}

  /** A part {@code min} to {@code max} times. */
  record Repeat(Regex body, int min, int max) implements Regex {}

  /** The beginning or the end of the text. */
  record Anchor(boolean begin, int position) implements Regex {}

  /**
   * What the whole of a text must match, if the expression is to match the whole ({@code partial}
   * false) or to be found somewhere in it. The result has no anchors.
   *
   * @throws RegexException if an anchor stands where it is not at an end
   */
  static Regex resolve(String source, Regex regex, boolean partial) {
    Map<List<Boolean>, List<Regex>> byAnchors = new LinkedHashMap<>();
    for (Anchored a : new Anchors(source).of(regex, true, true)) {
      List<Boolean> key = partial ? List.of(a.begin, a.end) : List.of(true, true);
      byAnchors.computeIfAbsent(key, k -> new ArrayList<>()).add(a.core);
    }
    List<Regex> options = new ArrayList<>();
    byAnchors.forEach(
        (key, cores) -> {
          List<Regex> parts = new ArrayList<>();
          if (!key.get(0)) {
            parts.add(anyText());
          }
          parts.add(cores.size() == 1 ? cores.get(0) : new Alt(cores));
          if (!key.get(1)) {
            parts.add(anyText());
          }
          options.add(parts.size() == 1 ? parts.get(0) : new Seq(parts));
        });
    return options.size() == 1 ? options.get(0) : new Alt(options);
  }

  /** How many characters a match has. */
  record Lengths(long min, long max) {}

  /** The lengths of what an expression without anchors matches, at least and at most. */
  default Lengths lengths() {
    if (this instanceof Chars) {
      return new Lengths(1, 1);
    }
    if (this instanceof Repeat r) {
      Lengths body = r.body().lengths();
      boolean endless = r.max() == UNLIMITED && body.max() > 0;
      return new Lengths(
          capped(body.min(), r.min()), endless ? UNLIMITED : capped(body.max(), r.max()));
    }
    if (this instanceof Alt a) {
      long min = UNLIMITED;
      long max = 0;
      for (Regex option : a.options()) {
        Lengths l = option.lengths();
        min = Math.min(min, l.min());
        max = Math.max(max, l.max());
      }
      return new Lengths(min, max);
    }
    long min = 0;
    long max = 0;
    for (Regex part : this instanceof Seq s ? s.parts() : List.<Regex>of()) {
      Lengths l = part.lengths();
      min = Math.min(UNLIMITED, min + l.min());
      max = Math.min(UNLIMITED, max + l.max());
    }
    return new Lengths(min, max);
  }

  private static long capped(long a, int b) {
    return Math.min(UNLIMITED, a * b);
  }

  private static boolean hasAnchor(Regex r) {
    if (r instanceof Seq s) {
      return s.parts().stream().anyMatch(Regex::hasAnchor);
    }
    if (r instanceof Alt a) {
      return a.options().stream().anyMatch(Regex::hasAnchor);
    }
    return r instanceof Anchor || (r instanceof Repeat repeat && hasAnchor(repeat.body()));
  }

  /** An expression without anchors, and at which ends it had one. */
  record Anchored(Regex core, boolean begin, boolean end) {}

  /** Takes the anchors off. */
  record Anchors(String source) {
    private static final int MAX_OPTIONS = 256;

    List<Anchored> of(Regex r, boolean atBegin, boolean atEnd) {
      if (!hasAnchor(r)) {
        return List.of(new Anchored(r, false, false));
      }
      if (r instanceof Anchor a) {
        if (a.begin() ? !atBegin : !atEnd) {
          throw new RegexException(
              source,
              a.position(),
              a.begin()
                  ? "'^' behind something else; a grammar knows the beginning of the whole only"
                  : "'$' before something else; a grammar knows the end of the whole only");
        }
        return List.of(new Anchored(empty(), a.begin(), !a.begin()));
      }
      if (r instanceof Alt alt) {
        List<Anchored> all = new ArrayList<>();
        alt.options().forEach(option -> all.addAll(of(option, atBegin, atEnd)));
        return all;
      }
      return r instanceof Seq s ? ofSequence(s.parts(), atBegin, atEnd) : List.of();
    }

    private List<Anchored> ofSequence(List<Regex> parts, boolean atBegin, boolean atEnd) {
      int firstReal = 0;
      while (firstReal < parts.size() && isAnchor(parts.get(firstReal), true)) {
        firstReal++;
      }
      int lastReal = parts.size() - 1;
      while (lastReal >= 0 && isAnchor(parts.get(lastReal), false)) {
        lastReal--;
      }
      List<Anchored> all = List.of(new Anchored(empty(), false, false));
      for (int i = 0; i < parts.size(); i++) {
        List<Anchored> longer = new ArrayList<>();
        for (Anchored next : of(parts.get(i), atBegin && i <= firstReal, atEnd && i >= lastReal)) {
          for (Anchored before : all) {
            List<Regex> core = new ArrayList<>();
            core.addAll(before.core instanceof Seq s ? s.parts() : List.of(before.core));
            core.addAll(next.core instanceof Seq s ? s.parts() : List.of(next.core));
            longer.add(
                new Anchored(
                    new Seq(List.copyOf(core)),
                    before.begin || next.begin,
                    before.end || next.end));
          }
        }
        if (longer.size() > MAX_OPTIONS) {
          throw new RegexException(source, 0, "too many alternatives with '^' or '$' in them");
        }
        all = longer;
      }
      return all;
    }

    private static boolean isAnchor(Regex r, boolean begin) {
      return r instanceof Anchor a && a.begin() == begin;
    }
  }
}
