package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A string that knows, character by character, whether the template wrote it or a value that the
 * template was given. Immutable; equal to any other text of the same characters.
 *
 * <p>The idea is llama.cpp's ({@code common/jinja/string.h}), which keeps parts where this keeps
 * the places at which the origin changes.
 */
public final class Text implements CharSequence {
  /** A stretch of one origin. */
  public record Segment(String text, boolean fromTemplate) {}

  /** Nothing. */
  static final Text EMPTY = new Text("", new int[0], false);

  private static final int[] TEMPLATE = {};
  private static final int[] MESSAGE = {0};

  private final String chars;

  /** Ascending places where the origin changes; what is before the first is the template's. */
  private final int[] flips;

  /** Whether Jinja takes it for HTML that is escaped already, as {@code safe} says. */
  private final boolean markup;

  Text(String chars, int[] flips, boolean markup) {
    this.chars = chars;
    this.flips = flips;
    this.markup = markup;
  }

  /** A text to be trusted like the template's own: a role's name, the begin-of-text token. */
  public static Text template(String chars) {
    return new Text(chars, TEMPLATE, false);
  }

  /** A text from elsewhere, the user's for example. */
  public static Text message(String chars) {
    return chars.isEmpty() ? EMPTY : new Text(chars, MESSAGE, false);
  }

  @Override
  public int length() {
    return chars.length();
  }

  @Override
  public char charAt(int index) {
    return chars.charAt(index);
  }

  @Override
  public CharSequence subSequence(int from, int to) {
    return slice(from, to);
  }

  /** The characters. */
  @Override
  public String toString() {
    return chars;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Text t && t.chars.equals(chars);
  }

  @Override
  public int hashCode() {
    return chars.hashCode();
  }

  /** Whether each character of a range was written by the template. */
  public boolean isFromTemplate(int from, int to) {
    boolean message = false;
    int start = 0;
    for (int i = 0; i <= flips.length; i++) {
      int end = i < flips.length ? flips[i] : chars.length();
      if (message && start < to && end > from) {
        return false;
      }
      message = !message;
      start = end;
    }
    return true;
  }

  /** The stretches of one origin, in order, none of them empty. */
  public List<Segment> segments() {
    List<Segment> segments = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= flips.length; i++) {
      int end = i < flips.length ? flips[i] : chars.length();
      if (end > start) {
        segments.add(new Segment(chars.substring(start, end), i % 2 == 0));
      }
      start = end;
    }
    return segments;
  }

  int[] flips() {
    return flips;
  }

  boolean isMarkup() {
    return markup;
  }

  /** Whether all of it has one origin. */
  boolean isUniform() {
    return flips.length == 0 || (flips.length == 1 && flips[0] == 0);
  }

  /** Other characters made of these: the template's only if all of these are. */
  Text with(String other) {
    if (other.equals(chars)) {
      return this;
    }
    return new Text(other, flips.length == 0 || other.isEmpty() ? TEMPLATE : MESSAGE, markup);
  }

  Text asMarkup(boolean on) {
    return on == markup ? this : new Text(chars, flips, on);
  }

  /** The characters of a range, in Java's units. */
  Text slice(int from, int to) {
    if (from == 0 && to == chars.length()) {
      return this;
    }
    if (from >= to) {
      return markup ? EMPTY.asMarkup(true) : EMPTY;
    }
    return new Text(chars.substring(from, to), slicedFlips(from, to), markup);
  }

  private int[] slicedFlips(int from, int to) {
    if (isUniform()) {
      return flips;
    }
    int first = 0;
    while (first < flips.length && flips[first] <= from) {
      first++;
    }
    int end = first;
    while (end < flips.length && flips[end] < to) {
      end++;
    }
    boolean message = first % 2 == 1;
    int[] sliced = new int[end - first + (message ? 1 : 0)];
    int n = message ? 1 : 0;
    for (int i = first; i < end; i++) {
      sliced[n++] = flips[i] - from;
    }
    return Arrays.equals(sliced, MESSAGE) ? MESSAGE : sliced;
  }

  /** This, then another; where one of them is markup, the other is escaped. */
  Text plus(Text other) {
    if (markup != other.markup) {
      return (markup ? this : escaped()).plus(markup ? other.escaped() : other);
    }
    if (other.isEmpty()) {
      return this;
    }
    if (chars.isEmpty()) {
      return other;
    }
    String joined = chars.concat(other.chars);
    if (flips.length == 0 && other.flips.length == 0) {
      return new Text(joined, TEMPLATE, markup);
    }
    return new Text(joined, join(flips, chars.length(), other.flips), markup);
  }

  /** The flips of two texts in a row. */
  static int[] join(int[] a, int length, int[] b) {
    boolean message = a.length % 2 == 1;
    boolean starts = b.length > 0 && b[0] == 0;
    int skip = message && starts ? 1 : 0;
    int extra = message && !starts ? 1 : 0;
    int[] flips = Arrays.copyOf(a, a.length + extra + b.length - skip);
    int n = a.length;
    if (extra == 1) {
      flips[n++] = length;
    }
    for (int i = skip; i < b.length; i++) {
      flips[n++] = b[i] + length;
    }
    return flips;
  }

  /** HTML's characters written as entities, unless this is markup already; the result is markup. */
  Text escaped() {
    if (markup) {
      return this;
    }
    TextBuilder out = new TextBuilder();
    int done = 0;
    for (int i = 0; i < chars.length(); i++) {
      String entity =
          switch (chars.charAt(i)) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '\'' -> "&#39;";
            case '"' -> "&#34;";
            default -> "";
          };
      if (!entity.isEmpty()) {
        out.append(this, done, i);
        out.append(entity, !isFromTemplate(i, i + 1));
        done = i + 1;
      }
    }
    return done == 0 ? asMarkup(true) : out.append(this, done, length()).toText().asMarkup(true);
  }

  /** How many characters Python counts: code points. */
  int nCodePoints() {
    return chars.codePointCount(0, chars.length());
  }

  /** Python's order: by code points. */
  int compareTo(Text other) {
    String o = other.chars;
    int n = Math.min(chars.length(), o.length());
    for (int i = 0; i < n; i++) {
      char a = chars.charAt(i);
      char b = o.charAt(i);
      if (a != b) {
        boolean sa = Character.isSurrogate(a);
        boolean sb = Character.isSurrogate(b);
        return sa == sb ? a - b : sa ? 1 : -1;
      }
    }
    return chars.length() - o.length();
  }
}
