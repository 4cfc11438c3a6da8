package org.ggml4j.jinja;

import java.util.Collections;

/** The methods that cut a string. */
final class Splitting {
  private Splitting() {}

  static Seq call(Run run, Text text, String name, Args args) {
    run.charge(text.length() >> 1); // as many parts may come of it
    if (name.equals("splitlines")) {
      return lines(text, args.atMost(1, "keepends").flag(0, "keepends", false));
    }
    if (name.endsWith("partition")) {
      return partition(text, name.startsWith("r"), TextMethods.text(args.require(0, "sep")));
    }
    Object separator = args.atMost(2, "sep", "maxsplit").get(0, "sep", None.NONE);
    int most = args.integer(1, "maxsplit", -1);
    most = most < 0 ? Integer.MAX_VALUE : most;
    boolean fromRight = name.startsWith("r");
    if (separator == None.NONE) {
      return fromRight ? wordsFromRight(text, most) : words(text, most);
    }
    Text by = TextMethods.text(separator);
    if (by.isEmpty()) {
      throw new Failure(name + "(): the separator is empty");
    }
    return fromRight ? partsFromRight(text, by.toString(), most) : parts(text, by.toString(), most);
  }

  private static Seq parts(Text text, String by, int most) {
    Seq parts = Seq.list();
    String s = text.toString();
    int from = 0;
    for (int n = 0; n < most; n++) {
      int at = s.indexOf(by, from);
      if (at < 0) {
        break;
      }
      parts.add(text.slice(from, at));
      from = at + by.length();
    }
    return parts.add(text.slice(from, s.length()));
  }

  private static Seq partsFromRight(Text text, String by, int most) {
    Seq parts = Seq.list();
    String s = text.toString();
    int to = s.length();
    for (int n = 0; n < most; n++) {
      int at = to < by.length() ? -1 : s.lastIndexOf(by, to - by.length());
      if (at < 0) {
        break;
      }
      parts.add(text.slice(at + by.length(), to));
      to = at;
    }
    parts.add(text.slice(0, to));
    Collections.reverse(parts.items());
    return parts;
  }

  private static Seq words(Text text, int most) {
    Seq words = Seq.list();
    int n = text.length();
    int i = 0;
    while (true) {
      while (i < n && Chars.isSpace(text.charAt(i))) {
        i++;
      }
      if (i == n) {
        return words;
      }
      if (words.size() == most) {
        return words.add(text.slice(i, n));
      }
      int from = i;
      while (i < n && !Chars.isSpace(text.charAt(i))) {
        i++;
      }
      words.add(text.slice(from, i));
    }
  }

  private static Seq wordsFromRight(Text text, int most) {
    Seq words = Seq.list();
    int i = text.length();
    while (true) {
      while (i > 0 && Chars.isSpace(text.charAt(i - 1))) {
        i--;
      }
      if (i == 0) {
        break;
      }
      if (words.size() == most) {
        words.add(text.slice(0, i));
        break;
      }
      int to = i;
      while (i > 0 && !Chars.isSpace(text.charAt(i - 1))) {
        i--;
      }
      words.add(text.slice(i, to));
    }
    Collections.reverse(words.items());
    return words;
  }

  /** Lines, without their ends or with them. */
  static Seq lines(Text text, boolean keepEnds) {
    Seq lines = Seq.list();
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      if (Chars.isLineBreak(text.charAt(i))) {
        int end = i;
        if (text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
          i++;
        }
        lines.add(text.slice(from, keepEnds ? i + 1 : end));
        from = i + 1;
      }
    }
    return from < text.length() ? lines.add(text.slice(from, text.length())) : lines;
  }

  private static Seq partition(Text text, boolean fromRight, Text by) {
    String s = text.toString();
    int at = fromRight ? s.lastIndexOf(by.toString()) : s.indexOf(by.toString());
    if (by.isEmpty()) {
      throw new Failure("partition(): the separator is empty");
    }
    Seq three = new Seq(Seq.Kind.TUPLE, 3);
    if (at < 0) {
      return fromRight
          ? three.add(Text.EMPTY).add(Text.EMPTY).add(text)
          : three.add(text).add(Text.EMPTY).add(Text.EMPTY);
    }
    return three
        .add(text.slice(0, at))
        .add(text.slice(at, at + by.length()))
        .add(text.slice(at + by.length(), s.length()));
  }
}
