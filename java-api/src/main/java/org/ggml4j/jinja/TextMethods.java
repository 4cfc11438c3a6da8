package org.ggml4j.jinja;

import java.util.Locale;
import java.util.Set;

/** The methods of Python's strings. */
final class TextMethods {
  static final Set<String> NAMES =
      Set.of(
          "capitalize",
          "casefold",
          "center",
          "count",
          "endswith",
          "find",
          "format",
          "index",
          "isalnum",
          "isalpha",
          "isascii",
          "isdecimal",
          "isdigit",
          "islower",
          "isnumeric",
          "isspace",
          "isupper",
          "join",
          "ljust",
          "lower",
          "lstrip",
          "partition",
          "removeprefix",
          "removesuffix",
          "replace",
          "rfind",
          "rindex",
          "rjust",
          "rpartition",
          "rsplit",
          "rstrip",
          "split",
          "splitlines",
          "startswith",
          "strip",
          "swapcase",
          "title",
          "upper",
          "zfill");

  private TextMethods() {}

  static Object call(Run run, Text text, String name, Args args) {
    run.charge(text.length() >> 4);
    return switch (name) {
      case "strip" -> strip(text, args.atMost(1).get(0, "chars", None.NONE), true, true);
      case "lstrip" -> strip(text, args.atMost(1).get(0, "chars", None.NONE), true, false);
      case "rstrip" -> strip(text, args.atMost(1).get(0, "chars", None.NONE), false, true);
      case "split", "rsplit", "splitlines", "partition", "rpartition" ->
          Splitting.call(run, text, name, args);
      case "startswith", "endswith" -> starts(text, name.equals("startswith"), args);
      case "find", "rfind", "index", "rindex" -> find(text, name, args);
      case "count" -> count(text, text(args.atMost(1).require(0, "sub")));
      case "format" -> BraceFormat.format(run, text, args);
      case "replace" ->
          replace(
              run,
              text,
              text(args.atMost(3, "count").require(0, "old")),
              text(args.require(1, "new")),
              args.integer(2, "count", -1));
      case "removeprefix" -> {
        Text prefix = text(args.atMost(1).require(0, "prefix"));
        yield text.toString().startsWith(prefix.toString())
            ? text.slice(prefix.length(), text.length())
            : text;
      }
      case "removesuffix" -> {
        Text suffix = text(args.atMost(1).require(0, "suffix"));
        yield text.toString().endsWith(suffix.toString())
            ? text.slice(0, text.length() - suffix.length())
            : text;
      }
      case "join" ->
          SeqFilters.join(run, Values.items(args.atMost(1).require(0, "iterable")), text);
      case "center", "ljust", "rjust" -> pad(run, text, name, args);
      case "zfill" -> zfill(run, text, args.atMost(1).integer(0, "width", 0));
      case "upper", "lower", "casefold", "title", "capitalize", "swapcase" -> cased(text, name);
      default -> is(text.toString(), name);
    };
  }

  static Text text(Object value) {
    if (value instanceof Text t) {
      return t;
    }
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    throw new Failure("a string was expected, not '" + Values.typeName(value) + "'");
  }

  /** Without white space, or without some characters, at its ends. */
  static Text strip(Text text, Object chars, boolean left, boolean right) {
    String s = text.toString();
    String set = chars == None.NONE ? "" : text(chars).toString();
    boolean space = chars == None.NONE;
    int from = 0;
    int to = s.length();
    while (left && from < to) {
      int c = s.codePointAt(from);
      if (space ? !Chars.isSpace(c) : set.indexOf(c) < 0) {
        break;
      }
      from += Character.charCount(c);
    }
    while (right && to > from) {
      int c = s.codePointBefore(to);
      if (space ? !Chars.isSpace(c) : set.indexOf(c) < 0) {
        break;
      }
      to -= Character.charCount(c);
    }
    return text.slice(from, to);
  }

  private static boolean starts(Text text, boolean starts, Args args) {
    Object affix = args.atMost(3).require(0, "affix");
    if (args.size() > 1) {
      int n = text.nCodePoints();
      int from = bound(args.integer(1, "start", 0), n);
      int to = bound(args.integer(2, "end", n), n);
      String s = text.toString();
      if (from > to) {
        return false;
      }
      int begin = s.offsetByCodePoints(0, from);
      return starts(s.substring(begin, s.offsetByCodePoints(begin, to - from)), starts, affix);
    }
    return starts(text.toString(), starts, affix);
  }

  private static int bound(int i, int n) {
    return Math.max(0, Math.min(i < 0 ? i + n : i, n));
  }

  private static boolean starts(String s, boolean starts, Object affix) {
    if (affix instanceof Seq tuple && tuple.kind == Seq.Kind.TUPLE) {
      for (Object one : tuple.items()) {
        if (starts(s, starts, text(one))) {
          return true;
        }
      }
      return false;
    }
    String part = text(affix).toString();
    return starts ? s.startsWith(part) : s.endsWith(part);
  }

  private static Object find(Text text, String name, Args args) {
    String s = text.toString();
    String part = text(args.atMost(2).require(0, "sub")).toString();
    int from = bound(args.integer(1, "start", 0), text.nCodePoints());
    int begin = s.offsetByCodePoints(0, from);
    int at = name.startsWith("r") ? s.lastIndexOf(part) : s.indexOf(part, begin);
    if (at < begin) {
      if (name.endsWith("index")) {
        throw new Failure("the substring is not found");
      }
      return -1L;
    }
    return (long) s.codePointCount(0, at);
  }

  private static Object count(Text text, Text part) {
    if (part.isEmpty()) {
      return text.nCodePoints() + 1L;
    }
    String s = text.toString();
    long n = 0;
    for (int at = s.indexOf(part.toString()); at >= 0; n++) {
      at = s.indexOf(part.toString(), at + part.length());
    }
    return n;
  }

  /** At most {@code count} times if that is not negative. */
  static Text replace(Run run, Text text, Text old, Text by, int count) {
    Text with = text.isMarkup() ? by.escaped() : by;
    String s = text.toString();
    int left = count < 0 ? Integer.MAX_VALUE : count;
    int at = s.indexOf(old.toString());
    if (at < 0 || left == 0) {
      return text;
    }
    TextBuilder out = run.builder();
    int done = 0;
    while (at >= 0 && left-- > 0) {
      out.append(text, done, at).append(with);
      done = at + old.length();
      if (!old.isEmpty()) {
        at = s.indexOf(old.toString(), done);
      } else if (at < s.length()) {
        at += Character.charCount(s.codePointAt(at));
      } else {
        break;
      }
    }
    return run.made(out.append(text, done, s.length()).toText().asMarkup(text.isMarkup()));
  }

  private static Text pad(Run run, Text text, String name, Args args) {
    Text fill = text(args.atMost(2).get(1, "fillchar", Filters.SPACE));
    if (fill.nCodePoints() != 1) {
      throw new Failure(name + "(): one character to fill with was expected");
    }
    long missing = (long) args.integer(0, "width", 0) - text.nCodePoints();
    if (missing <= 0) {
      return text;
    }
    long width = args.integer(0, "width", 0);
    long left =
        switch (name) {
          case "ljust" -> 0;
          case "rjust" -> missing;
          default -> missing / 2 + (missing & width & 1);
        };
    TextBuilder out = run.builder();
    out.repeat(fill, left).append(text).repeat(fill, missing - left);
    return run.made(out.toText().asMarkup(text.isMarkup()));
  }

  private static Text zfill(Run run, Text text, int width) {
    int sign = text.length() > 0 && "+-".indexOf(text.charAt(0)) >= 0 ? 1 : 0;
    return run.made(
        run.builder()
            .append(text, 0, sign)
            .repeat(Text.template("0"), (long) width - text.nCodePoints())
            .append(text, sign, text.length())
            .toText());
  }

  /** Changes the case of letters, of each stretch of one origin by itself. */
  static Text cased(Text text, String how) {
    if (text.isUniform()) {
      return text.with(cased(text.toString(), how, false));
    }
    TextBuilder out = new TextBuilder();
    boolean inWord = false;
    for (Text.Segment segment : text.segments()) {
      out.append(cased(segment.text(), how, inWord), !segment.fromTemplate());
      int last = segment.text().codePointBefore(segment.text().length());
      inWord = how.equals("capitalize") || Character.isLetter(last);
    }
    return out.toText().asMarkup(text.isMarkup());
  }

  private static String cased(String s, String how, boolean inside) {
    if (how.equals("upper")) {
      return s.toUpperCase(Locale.ROOT);
    }
    if (how.equals("lower") || how.equals("casefold")) {
      return s.toLowerCase(Locale.ROOT);
    }
    StringBuilder out = new StringBuilder(s.length());
    boolean inWord = inside;
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      i += Character.charCount(c);
      boolean up = how.equals("swapcase") ? Character.isLowerCase(c) : !inWord;
      boolean title = up && !how.equals("swapcase");
      out.appendCodePoint(
          title
              ? Character.toTitleCase(c)
              : up ? Character.toUpperCase(c) : Character.toLowerCase(c));
      inWord = how.equals("capitalize") || isCased(c);
    }
    return out.toString();
  }

  private static boolean isCased(int c) {
    return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
  }

  /** Whether there are letters with a case, all of them of this one. */
  static boolean isCase(String s, boolean upper) {
    boolean found = false;
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      i += Character.charCount(c);
      if (isCased(c)) {
        if (upper != Character.isUpperCase(c)) {
          return false;
        }
        found = true;
      }
    }
    return found;
  }

  private static boolean is(String s, String name) {
    if (name.equals("islower") || name.equals("isupper")) {
      return isCase(s, name.equals("isupper"));
    }
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      i += Character.charCount(c);
      boolean fits =
          switch (name) {
            case "isalpha" -> Character.isLetter(c);
            case "isalnum" -> Character.isLetter(c) || isNumeric(c);
            case "isascii" -> c < 128;
            case "isdecimal", "isdigit" -> Character.isDigit(c);
            case "isnumeric" -> isNumeric(c);
            default -> Chars.isSpace(c);
          };
      if (!fits) {
        return false;
      }
    }
    return !s.isEmpty() || name.equals("isascii");
  }

  private static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }
}
