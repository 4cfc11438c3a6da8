package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the regular expressions by which tokenizers cut text into words.
 *
 * <p>The syntax is the part of Java's that they need: alternatives, groups, greedy quantifiers,
 * sets with ranges, negation and intersection, {@code \s \S \d \r \n \t}, the categories {@code
 * \p{L} \p{M} \p{N} \p{P} \p{S}}, and the look-ahead {@code (?!\S)}.
 */
final class PatternParser {
  /** What an expression consists of. */
  sealed interface Node permits One, Sequence, Choice, Repeat, BeforeSpace {}

  /** One character of a set. */
  record One(CharSet set) implements Node {}

  record Sequence(List<Node> parts) implements Node {}

  /** The first alternative that matches. */
  record Choice(List<Node> alternatives) implements Node {}

  /** As often as possible; {@code max} is -1 for any number. */
  record Repeat(Node node, int min, int max) implements Node {}

  /** Nothing, but only before white space or the end: {@code (?!\S)}. */
  record BeforeSpace() implements Node {}

  private static final String BEFORE_SPACE = "(?!\\S)";

  private final int[] p;
  private int at;

  private PatternParser(String pattern) {
    p = new int[pattern.codePointCount(0, pattern.length())];
    int chars = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = pattern.codePointAt(chars);
      chars += Character.charCount(p[i]);
    }
  }

  static Node parse(String pattern) {
    PatternParser parser = new PatternParser(pattern);
    Node node = parser.choice();
    if (parser.at < parser.p.length) {
      throw parser.error("nothing");
    }
    return node;
  }

  private IllegalArgumentException error(String expected) {
    return new IllegalArgumentException(
        "pattern " + new String(p, 0, p.length) + ": expected " + expected + " at character " + at);
  }

  private boolean is(int cp) {
    return at < p.length && p[at] == cp;
  }

  private boolean accept(String text) {
    int n = text.length();
    if (at + n > p.length) {
      return false;
    }
    for (int i = 0; i < n; i++) {
      if (p[at + i] != text.charAt(i)) {
        return false;
      }
    }
    at += n;
    return true;
  }

  private void expect(char c) {
    if (!is(c)) {
      throw error(String.valueOf(c));
    }
    at++;
  }

  private Node choice() {
    List<Node> alternatives = new ArrayList<>();
    do {
      alternatives.add(sequence());
    } while (accept("|"));
    return alternatives.size() == 1 ? alternatives.get(0) : new Choice(alternatives);
  }

  private Node sequence() {
    List<Node> parts = new ArrayList<>();
    while (at < p.length && p[at] != '|' && p[at] != ')') {
      parts.add(quantified(atom()));
    }
    return parts.size() == 1 ? parts.get(0) : new Sequence(parts);
  }

  private Node atom() {
    if (accept(BEFORE_SPACE)) {
      return new BeforeSpace();
    }
    if (accept("(?:") || accept("(")) {
      Node inner = choice();
      expect(')');
      return inner;
    }
    if (is('[')) {
      return new One(set());
    }
    if (is('\\')) {
      return new One(escape().build(false, null));
    }
    int cp = p[at++];
    return new One(new CharSet(0, new int[] {cp, cp}, false, null));
  }

  private Node quantified(Node node) {
    if (accept("?")) {
      return new Repeat(node, 0, 1);
    }
    if (accept("*")) {
      return new Repeat(node, 0, -1);
    }
    if (accept("+")) {
      return new Repeat(node, 1, -1);
    }
    if (accept("{")) {
      int min = number();
      int max = accept(",") ? number() : min;
      expect('}');
      return new Repeat(node, min, max);
    }
    return node;
  }

  private int number() {
    int begin = at;
    int n = 0;
    while (at < p.length && p[at] >= '0' && p[at] <= '9') {
      n = 10 * n + p[at++] - '0';
    }
    if (at == begin) {
      throw error("a number");
    }
    return n;
  }

  private CharSet set() {
    expect('[');
    boolean negated = accept("^");
    Members members = new Members();
    CharSet and = null;
    while (!is(']')) {
      if (at >= p.length) {
        throw error("]");
      }
      if (accept("&&")) {
        and = set();
        break;
      }
      Members part = member();
      if (part.single() >= 0 && is('-') && at + 1 < p.length && p[at + 1] != ']') {
        at++;
        int last = member().single();
        if (last < part.single()) {
          throw error("a range that ascends");
        }
        members.add(part.single(), last);
      } else {
        members.add(part);
      }
    }
    expect(']');
    return members.build(negated, and);
  }

  private Members member() {
    return is('\\') ? escape() : Members.of(p[at++]);
  }

  private Members escape() {
    expect('\\');
    if (at >= p.length) {
      throw error("a character after the backslash");
    }
    int c = p[at++];
    return switch (c) {
      case 'r' -> Members.of('\r');
      case 'n' -> Members.of('\n');
      case 't' -> Members.of('\t');
      case 's' -> Members.ofClasses(CharClass.SPACE);
      case 'S' -> Members.ofClasses(0xFF & ~CharClass.SPACE);
      case 'd' -> {
        Members digits = new Members();
        digits.add('0', '9');
        yield digits;
      }
      case 'p' -> category();
      default -> {
        if (c < 0x80 && Character.isLetterOrDigit(c)) {
          throw error("a known escape");
        }
        yield Members.of(c);
      }
    };
  }

  private Members category() {
    expect('{');
    int c = at < p.length ? p[at++] : 0;
    expect('}');
    return Members.ofClasses(
        switch (c) {
          case 'L' -> CharClass.LETTER;
          case 'M' -> CharClass.MARK;
          case 'N' -> CharClass.NUMBER;
          case 'P' -> CharClass.PUNCTUATION;
          case 'S' -> CharClass.SYMBOL;
          default -> throw error("a known category");
        });
  }

  /** The members of a set while it is read. */
  private static final class Members {
    private int classes;
    // Ascending by their first.
    private final List<int[]> ranges = new ArrayList<>();

    static Members of(int cp) {
      Members m = new Members();
      m.add(cp, cp);
      return m;
    }

    static Members ofClasses(int classes) {
      Members m = new Members();
      m.classes = classes;
      return m;
    }

    void add(int first, int last) {
      int at = ranges.size();
      while (at > 0 && ranges.get(at - 1)[0] > first) {
        at--;
      }
      ranges.add(at, new int[] {first, last});
    }

    void add(Members other) {
      classes |= other.classes;
      for (int[] range : other.ranges) {
        add(range[0], range[1]);
      }
    }

    /** The only character, or -1. */
    int single() {
      return classes == 0 && ranges.size() == 1 && ranges.get(0)[0] == ranges.get(0)[1]
          ? ranges.get(0)[0]
          : -1;
    }

    CharSet build(boolean negated, @Nullable CharSet and) {
      List<int[]> merged = new ArrayList<>();
      for (int[] range : ranges) {
        int[] last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
        if (last != null && range[0] <= last[1] + 1) {
          last[1] = Math.max(last[1], range[1]);
        } else {
          merged.add(range.clone());
        }
      }
      int[] flat = new int[2 * merged.size()];
      for (int i = 0; i < merged.size(); i++) {
        flat[2 * i] = merged.get(i)[0];
        flat[2 * i + 1] = merged.get(i)[1];
      }
      return new CharSet(classes, flat, negated, and);
    }
  }
}
