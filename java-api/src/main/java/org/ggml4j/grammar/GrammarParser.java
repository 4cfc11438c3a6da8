package org.ggml4j.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads GBNF, by recursive descent.
 *
 * <p>Source: llama.cpp v0.5.0, {@code src/llama-grammar.cpp} and {@code grammars/README.md}. A rule
 * that is defined twice has its last definition, as there.
 */
final class GrammarParser {
  /** Groups within groups. */
  static final int MAX_DEPTH = 500;

  /** llama.cpp's limit for the first number in braces. */
  static final int MAX_MIN_REPETITIONS = 2000;

  /** No repetition may count further than this. */
  static final int MAX_REPETITIONS = 100_000;

  private final Source source;
  private final String text;
  private final Map<String, Expr.Rule> rules = new LinkedHashMap<>();
  private int pos;
  private int depth;

  private GrammarParser(Source source) {
    this.source = source;
    this.text = source.text();
  }

  /** The rules by name, in the order of their definitions. */
  static Map<String, Expr.Rule> parse(Source source) {
    GrammarParser parser = new GrammarParser(source);
    parser.skipSpace(true);
    while (parser.pos < parser.text.length()) {
      parser.rule();
    }
    return parser.rules;
  }

  private void rule() {
    int start = pos;
    String name = name();
    skipSpace(false);
    if (!text.startsWith("::=", pos)) {
      throw expected("'::=' after the rule name '" + name + "'");
    }
    pos += 3;
    skipSpace(true);
    Expr body = alternates(false);
    if (pos < text.length()) {
      if (!isAt('\r') && !isAt('\n')) {
        throw expected("a part of the rule '" + name + "', a new line or the end");
      }
      skipSpace(true);
    }
    rules.put(name, new Expr.Rule(name, body, start));
  }

  private Expr alternates(boolean nested) {
    List<Expr> alternates = new ArrayList<>();
    alternates.add(sequence(nested));
    while (isAt('|')) {
      pos++;
      skipSpace(true);
      alternates.add(sequence(nested));
    }
    return alternates.size() == 1 ? alternates.get(0) : new Expr.Choice(List.copyOf(alternates));
  }

  private Expr sequence(boolean nested) {
    List<Expr> parts = new ArrayList<>();
    while (pos < text.length()) {
      int start = pos;
      char c = text.charAt(pos);
      if (c == '*' || c == '+' || c == '?' || c == '{') {
        repeatLast(parts, nested);
      } else if (c == '"') {
        parts.add(literal());
      } else if (c == '[') {
        parts.add(characterClass());
      } else if (c == '<' || c == '!') {
        parts.add(token());
      } else if (isNameChar(c)) {
        parts.add(new Expr.Reference(name(), start));
      } else if (c == '(') {
        parts.add(group());
      } else if (c == '.') {
        pos++;
        parts.add(new Expr.Chars(CodePoints.ALL));
      } else {
        break;
      }
      skipSpace(nested);
    }
    return parts.size() == 1 ? parts.get(0) : new Expr.Sequence(List.copyOf(parts));
  }

  private Expr group() {
    if (++depth > MAX_DEPTH) {
      throw source.error(
          pos,
          "groups are nested deeper than "
              + MAX_DEPTH
              + "; give some of them names as rules of their own");
    }
    pos++;
    skipSpace(true);
    Expr body = alternates(true);
    if (!isAt(')')) {
      throw expected("')' or a part of the group");
    }
    pos++;
    depth--;
    return body;
  }

  private Expr literal() {
    pos++;
    StringBuilder s = new StringBuilder();
    while (!isAt('"')) {
      int start = pos;
      int c = character("a closing '\"'");
      if (Character.getType(c) == Character.SURROGATE) {
        throw source.error(
            start,
            "U+%04X is half of a surrogate pair, which no text contains; write the whole character,"
                    .formatted(c)
                + " as \\U0001F600 for example");
      }
      s.appendCodePoint(c);
    }
    pos++;
    return new Expr.Literal(s.toString());
  }

  private Expr characterClass() {
    int start = pos;
    pos++;
    boolean negated = isAt('^');
    if (negated) {
      pos++;
    }
    List<CodePoints.Range> ranges = new ArrayList<>();
    while (!isAt(']')) {
      int at = pos;
      int first = character("a closing ']'");
      int last = first;
      if (isAt('-') && !(pos + 1 < text.length() && text.charAt(pos + 1) == ']')) {
        pos++;
        last = character("the end of the range");
        if (last < first) {
          throw source.error(
              at,
              "the range ends before it begins: "
                  + Source.name(first)
                  + " is U+%04X, ".formatted(first)
                  + Source.name(last)
                  + " is U+%04X".formatted(last));
        }
      }
      ranges.add(new CodePoints.Range(first, last));
    }
    pos++;
    if (ranges.isEmpty()) {
      throw source.error(
          start, "a character class without characters; write . for any character, \"\" for none");
    }
    CodePoints set = CodePoints.of(ranges);
    return new Expr.Chars(negated ? set.complement() : set);
  }

  /** One character, or what an escape stands for. */
  private int character(String otherwise) {
    if (pos >= text.length()) {
      throw expected(otherwise);
    }
    if (!isAt('\\')) {
      int c = text.codePointAt(pos);
      pos += Character.charCount(c);
      return c;
    }
    int start = pos;
    pos++;
    int e = pos < text.length() ? text.codePointAt(pos) : -1;
    pos++;
    return switch (e) {
      case 'x' -> hex(start, 2);
      case 'u' -> hex(start, 4);
      case 'U' -> hex(start, 8);
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'n' -> '\n';
      case '\\', '"', '[', ']', '-' -> e;
      default ->
          throw source.error(
              start,
              "no escape begins with \\ and "
                  + source.found(start + 1)
                  + "; there are \\x \\u \\U \\t \\r \\n \\\\ \\\" \\[ \\] \\-");
    };
  }

  private int hex(int start, int digits) {
    long value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = pos < text.length() ? Character.digit(text.charAt(pos), 16) : -1;
      if (digit < 0 || text.charAt(pos) >= 0x80) {
        throw expected(digits + " hexadecimal digits after " + text.substring(start, start + 2));
      }
      value = value << 4 | digit;
      pos++;
    }
    if (value > CodePoints.MAX) {
      throw source.error(
          start, "there is no character " + text.substring(start, pos) + "; the last is U+10FFFF");
    }
    return (int) value;
  }

  private Expr token() {
    int start = pos;
    boolean negated = isAt('!');
    if (negated) {
      pos++;
    }
    if (!isAt('<')) {
      throw expected("'<' after '!'");
    }
    int open = pos;
    pos++;
    if (isAt('[')) {
      pos++;
      int id = number("a token's number");
      require(']');
      require('>');
      return new Expr.Token(negated, id, text.substring(open, pos), start);
    }
    while (pos < text.length() && !isAt('>')) {
      pos++;
    }
    require('>');
    return new Expr.Token(negated, -1, text.substring(open, pos), start);
  }

  private void repeatLast(List<Expr> parts, boolean nested) {
    int start = pos;
    char c = text.charAt(pos++);
    int min = 0;
    int max = Expr.UNLIMITED;
    switch (c) {
      case '*' -> {}
      case '+' -> min = 1;
      case '?' -> max = 1;
      default -> {
        skipSpace(nested);
        min = number("the number of repetitions");
        skipSpace(nested);
        if (isAt(',')) {
          pos++;
          skipSpace(nested);
          max = isAt('}') ? Expr.UNLIMITED : number("the largest number of repetitions or '}'");
          skipSpace(nested);
        } else {
          max = min;
          if (!isAt('}')) {
            throw expected("',' or '}'");
          }
        }
        require('}');
      }
    }
    checkRepetition(start, min, max);
    int last = parts.size() - 1;
    if (last < 0 || parts.get(last).equals(new Expr.Literal(""))) {
      throw source.error(start, "'" + c + "' has nothing before it to repeat");
    }
    parts.set(last, new Expr.Repeat(parts.get(last), min, max, start));
  }

  private void checkRepetition(int start, int min, int max) {
    if (max < min) {
      throw source.error(
          start, "at most " + max + " repetitions are fewer than the at least " + min);
    }
    if (min > MAX_MIN_REPETITIONS) {
      throw source.error(
          start,
          "at least "
              + min
              + " repetitions are more than the "
              + MAX_MIN_REPETITIONS
              + " that are allowed; repeat a group, as in (x{1000}){5}");
    }
    if (max != Expr.UNLIMITED && max > MAX_REPETITIONS) {
      throw source.error(
          start,
          "at most "
              + max
              + " repetitions are more than can be counted, "
              + MAX_REPETITIONS
              + "; leave the second number out for any number of them");
    }
  }

  /** A number; one that does not fit is the largest that does, less one. */
  private int number(String what) {
    if (pos >= text.length() || !isDigit(text.charAt(pos))) {
      throw expected(what);
    }
    long value = 0;
    while (pos < text.length() && isDigit(text.charAt(pos))) {
      value = Math.min(value * 10 + (text.charAt(pos) - '0'), Integer.MAX_VALUE - 1L);
      pos++;
    }
    return (int) value;
  }

  private String name() {
    int start = pos;
    while (pos < text.length() && isNameChar(text.charAt(pos))) {
      pos++;
    }
    if (pos == start) {
      throw expected("the name of a rule");
    }
    return text.substring(start, pos);
  }

  /** Spaces and comments, with line ends if a rule goes on behind them. */
  private void skipSpace(boolean newlines) {
    while (pos < text.length()) {
      char c = text.charAt(pos);
      if (c == '#') {
        while (pos < text.length() && !isAt('\r') && !isAt('\n')) {
          pos++;
        }
      } else if (c == ' ' || c == '\t' || (newlines && (c == '\r' || c == '\n'))) {
        pos++;
      } else {
        return;
      }
    }
  }

  private void require(char c) {
    if (!isAt(c)) {
      throw expected("'" + c + "'");
    }
    pos++;
  }

  private boolean isAt(char c) {
    return pos < text.length() && text.charAt(pos) == c;
  }

  private static boolean isNameChar(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || isDigit(c);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private GrammarException expected(String what) {
    return source.error(pos, "expected " + what + ", found " + source.found(pos));
  }
}
