package org.ggml4j.jinja;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** The filters of strings. */
final class TextFilters {
  private static final Text NEWLINE = Text.template("\n");

  private TextFilters() {}

  static Object apply(Run run, String name, Object value, Args args) {
    Text text = Values.text(value);
    run.charge(text.length() >> 4);
    return switch (name) {
      case "trim" ->
          TextMethods.strip(text, args.atMost(1, "chars").get(0, "chars", None.NONE), true, true);
      case "upper", "lower", "capitalize" -> TextMethods.cased(text, name);
      case "title" -> title(text);
      case "string" -> text;
      case "safe" -> text.asMarkup(true);
      case "e", "escape" -> text.escaped();
      case "forceescape" -> text.asMarkup(false).escaped();
      case "replace" ->
          TextMethods.replace(
              run,
              text,
              Values.text(args.atMost(3, "old", "new", "count").require(0, "old")),
              Values.text(args.require(1, "new")),
              args.integer(2, "count", -1));
      case "indent" -> indent(run, text, args.atMost(3, "width", "first", "blank"));
      case "center" ->
          TextMethods.call(
              run, text, "center", Args.of(args.atMost(1, "width").get(0, "width", 80L)));
      case "truncate" -> truncate(text, args.atMost(4, "length", "killwords", "end", "leeway"));
      case "wordcount" -> words(text.toString());
      case "urlencode" -> text.with(urlEncoded(text.toString()));
      default -> PercentFormat.format(run, text, formatArguments(args));
    };
  }

  private static Object formatArguments(Args args) {
    if (args.size() > 0 && !args.names().isEmpty()) {
      throw new Failure("format: either positional or named arguments were expected");
    }
    if (!args.names().isEmpty()) {
      return Function.dict(args);
    }
    Seq tuple = new Seq(Seq.Kind.TUPLE, args.size());
    for (int i = 0; i < args.size(); i++) {
      tuple.add(args.get(i));
    }
    return tuple;
  }

  /** Jinja's own: the first letter of what follows a blank, a hyphen or an opening bracket. */
  private static Text title(Text text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean first = true;
    String s = text.toString();
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      i += Character.charCount(c);
      boolean between = Chars.isSpace(c) || "-({[<".indexOf(c) >= 0;
      out.appendCodePoint(first ? Character.toUpperCase(c) : Character.toLowerCase(c));
      first = between;
    }
    if (out.length() != text.length() || text.isUniform()) {
      return text.with(out.toString());
    }
    return new Text(out.toString(), text.flips(), text.isMarkup());
  }

  private static Text indent(Run run, Text text, Args args) {
    Object width = args.get(0, "width", 4L);
    Text by =
        width instanceof Text t
            ? t
            : run.builder().repeat(Filters.SPACE, Numbers.index(width)).toText();
    boolean blank = args.flag(2, "blank", false);
    List<Object> lines =
        Splitting.lines(text.plus(NEWLINE.asMarkup(text.isMarkup())), false).items();
    TextBuilder out = run.builder();
    if (args.flag(1, "first", false)) {
      out.append(by);
    }
    for (int i = 0; i < lines.size(); i++) {
      Text line = (Text) lines.get(i);
      if (i > 0) {
        out.append(NEWLINE);
        if (blank || !line.isEmpty()) {
          out.append(by);
        }
      }
      out.append(line);
    }
    return run.made(out.toText().asMarkup(text.isMarkup()));
  }

  private static Text truncate(Text text, Args args) {
    int length = args.integer(0, "length", 255);
    Text end = Values.text(args.get(2, "end", Text.template("...")));
    int leeway = args.integer(3, "leeway", 5);
    int endLength = end.nCodePoints();
    if (length < endLength || leeway < 0) {
      throw new Failure("truncate: a length of at least that of the end was expected");
    }
    int n = text.nCodePoints();
    if (n <= (long) length + leeway) {
      return text;
    }
    Text cut = text.slice(0, text.toString().offsetByCodePoints(0, length - endLength));
    if (!args.flag(1, "killwords", false)) {
      int space = cut.toString().lastIndexOf(' ');
      cut = space < 0 ? cut : cut.slice(0, space);
    }
    return cut.plus(end.asMarkup(cut.isMarkup()));
  }

  private static long words(String s) {
    long n = 0;
    boolean inWord = false;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean part = c == '_' || Character.isLetterOrDigit(c) || Character.isSurrogate(c);
      n += part && !inWord ? 1 : 0;
      inWord = part;
    }
    return n;
  }

  private static String urlEncoded(String s) {
    StringBuilder out = new StringBuilder();
    for (byte b : s.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          (b >= 'a' && b <= 'z')
              || (b >= 'A' && b <= 'Z')
              || (b >= '0' && b <= '9')
              || "_.-~/".indexOf(b) >= 0;
      if (plain) {
        out.append((char) b);
      } else {
        String hex = Integer.toHexString(b & 255).toUpperCase(Locale.ROOT);
        out.append('%').append(hex.length() < 2 ? "0" : "").append(hex);
      }
    }
    return out.toString();
  }
}
