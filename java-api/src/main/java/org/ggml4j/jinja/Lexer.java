package org.ggml4j.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens, and drops the white space that its tags and the options say.
 *
 * <p>Source: Jinja2 3.1, {@code lexer.py}; by hand instead of with regular expressions, in one
 * pass.
 */
final class Lexer {
  private final String source;
  private final TemplateOptions options;
  private final List<Token> tokens = new ArrayList<>();
  private int pos;

  private Lexer(String source, TemplateOptions options) {
    this.source = source;
    this.options = options;
  }

  /** A template's text as the other parts know it: line feeds only, without the last one. */
  static String normalize(String source) {
    String text = source;
    if (text.indexOf('\r') >= 0) {
      text = text.replace("\r\n", "\n").replace('\r', '\n');
    }
    return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
  }

  static List<Token> tokens(Source source, TemplateOptions options) {
    Lexer lexer = new Lexer(source.text(), options);
    try {
      lexer.run();
    } catch (Failure e) {
      throw source.error(lexer.pos, e);
    }
    return lexer.tokens;
  }

  private void run() {
    while (pos < source.length()) {
      int open = nextTag(pos);
      if (open < 0) {
        add(Token.Kind.DATA, source.substring(pos), pos);
        pos = source.length();
        break;
      }
      data(open);
      pos = open;
      switch (source.charAt(open + 1)) {
        case '#' -> comment();
        case '{' -> print();
        default -> block();
      }
    }
    add(Token.Kind.END, "", pos);
  }

  private int nextTag(int from) {
    for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
      char next = i + 1 < source.length() ? source.charAt(i + 1) : 0;
      if (next == '{' || next == '%' || next == '#') {
        return i;
      }
    }
    return -1;
  }

  /** The text before a tag, less what the tag strips. */
  private void data(int open) {
    int end = stripped(pos, open, source.charAt(open + 1) != '{');
    if (end > pos) {
      add(Token.Kind.DATA, source.substring(pos, end), pos);
    }
  }

  private int stripped(int from, int open, boolean block) {
    char sign = open + 2 < source.length() ? source.charAt(open + 2) : 0;
    int end = open;
    if (sign == '-') {
      while (end > from && Chars.isSpace(source.charAt(end - 1))) {
        end--;
      }
    } else if (block && options.lstripBlocks() && sign != '+') {
      int line = open;
      while (line > from && source.charAt(line - 1) != '\n') {
        line--;
      }
      boolean starts = line > from || from == 0 || source.charAt(from - 1) == '\n';
      int i = line;
      while (i < open && Chars.isSpace(source.charAt(i))) {
        i++;
      }
      end = starts && i == open ? line : open;
    }
    return end;
  }

  private void comment() {
    int close = source.indexOf("#}", pos + 2);
    if (close < 0) {
      throw new Failure("the comment has no end: '#}' is missing");
    }
    char sign = close > pos + 2 ? source.charAt(close - 1) : 0;
    pos = close + 2;
    afterTag(sign);
  }

  /** Drops what follows a block's or a comment's end. */
  private void afterTag(char sign) {
    if (sign == '-') {
      skipSpace();
    } else if (sign != '+'
        && options.trimBlocks()
        && pos < source.length()
        && source.charAt(pos) == '\n') {
      pos++;
    }
  }

  private void skipSpace() {
    while (pos < source.length() && Chars.isSpace(source.charAt(pos))) {
      pos++;
    }
  }

  private void skipSign() {
    if (pos < source.length() && (source.charAt(pos) == '-' || source.charAt(pos) == '+')) {
      pos++;
    }
  }

  private void print() {
    int start = pos;
    add(Token.Kind.PRINT_BEGIN, "{{", pos);
    pos += 2;
    if (pos < source.length() && source.charAt(pos) == '-') {
      pos++;
    }
    expression(start, "}}", Token.Kind.PRINT_END);
  }

  private void block() {
    int start = pos;
    pos += 2;
    skipSign();
    skipSpace();
    if (source.startsWith("raw", pos) && endsTag(pos + 3)) {
      raw(start);
      return;
    }
    add(Token.Kind.BLOCK_BEGIN, "{%", start);
    expression(start, "%}", Token.Kind.BLOCK_END);
  }

  private boolean endsTag(int from) {
    int i = from;
    while (i < source.length() && Chars.isSpace(source.charAt(i))) {
      i++;
    }
    return source.startsWith("%}", i) || source.startsWith("-%}", i);
  }

  private void raw(int start) {
    pos += 3;
    skipSpace();
    boolean strip = source.charAt(pos) == '-';
    pos = source.indexOf("%}", pos) + 2;
    if (strip) {
      skipSpace();
    }
    int from = pos;
    for (int open = source.indexOf("{%", from); open >= 0; open = source.indexOf("{%", open + 2)) {
      pos = open + 2;
      skipSign();
      skipSpace();
      if (source.startsWith("endraw", pos)) {
        pos += 6;
        skipSpace();
        char sign = pos < source.length() ? source.charAt(pos) : 0;
        skipSign();
        if (source.startsWith("%}", pos)) {
          int end = stripped(from, open, true);
          add(Token.Kind.DATA, source.substring(from, end), from);
          pos += 2;
          afterTag(sign);
          return;
        }
      }
    }
    pos = start;
    throw new Failure("the raw block has no end: '{% endraw %}' is missing");
  }

  /** Tokens up to and with a tag's end. */
  private void expression(int start, String close, Token.Kind kind) {
    StringBuilder open = new StringBuilder(); // the closing brackets awaited
    while (true) {
      skipSpace();
      if (pos >= source.length()) {
        pos = start;
        throw new Failure("the tag has no end: '" + close + "' is missing");
      }
      char c = source.charAt(pos);
      if (open.isEmpty()) {
        char sign = c == '-' || (c == '+' && kind == Token.Kind.BLOCK_END) ? c : 0;
        if (source.startsWith(close, sign == 0 ? pos : pos + 1)) {
          add(kind, close, pos);
          pos += sign == 0 ? 2 : 3;
          if (kind == Token.Kind.BLOCK_END) {
            afterTag(sign);
          } else if (sign == '-') {
            skipSpace();
          }
          return;
        }
      }
      if (Chars.isNameStart(c)) {
        name();
      } else if (Chars.isDigit(c)) {
        number();
      } else if (c == '"' || c == '\'') {
        string(c);
      } else {
        operator(c, open);
      }
    }
  }

  private void name() {
    int start = pos;
    while (pos < source.length() && Chars.isNamePart(source.charAt(pos))) {
      pos++;
    }
    add(Token.Kind.NAME, source.substring(start, pos), start);
  }

  private void number() {
    int start = pos;
    if (source.charAt(pos) == '0' && pos + 1 < source.length()) {
      int radix =
          switch (source.charAt(pos + 1)) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            case 'b', 'B' -> 2;
            default -> 0;
          };
      if (radix > 0) {
        pos += 2;
        int digits = pos;
        while (pos < source.length()
            && (Character.digit(source.charAt(pos), radix) >= 0 || source.charAt(pos) == '_')) {
          pos++;
        }
        String text = source.substring(digits, pos).replace("_", "");
        if (text.isEmpty() || text.length() > 500) {
          throw new Failure("a number of base " + radix + " of 1 to 500 digits was expected");
        }
        add(Token.Kind.INTEGER, new BigInteger(text, radix).toString(), start);
        return;
      }
    }
    digits();
    boolean isFloat = false;
    boolean afterDot = start > 0 && source.charAt(start - 1) == '.'; // a.0.1 holds no fraction
    if (!afterDot && isAt('.') && isDigitAt(pos + 1)) {
      pos++;
      digits();
      isFloat = true;
    }
    if (!afterDot && (isAt('e') || isAt('E'))) {
      int exponent = pos + 1;
      if (exponent < source.length()
          && (source.charAt(exponent) == '+' || source.charAt(exponent) == '-')) {
        exponent++;
      }
      if (isDigitAt(exponent)) {
        pos = exponent;
        digits();
        isFloat = true;
      }
    }
    String text = source.substring(start, pos).replace("_", "");
    if (text.length() > 500) {
      throw new Failure("a number of at most 500 digits was expected");
    }
    add(isFloat ? Token.Kind.FLOAT : Token.Kind.INTEGER, text, start);
  }

  private void digits() {
    while (isDigitAt(pos) || (isAt('_') && isDigitAt(pos + 1))) {
      pos++;
    }
  }

  private boolean isAt(char c) {
    return pos < source.length() && source.charAt(pos) == c;
  }

  private boolean isDigitAt(int i) {
    return i < source.length() && Chars.isDigit(source.charAt(i));
  }

  private void string(char quote) {
    int start = pos;
    int i = pos + 1;
    boolean escapes = false;
    while (i < source.length() && source.charAt(i) != quote) {
      if (source.charAt(i) == '\\') {
        escapes = true;
        i++;
      }
      i++;
    }
    if (i >= source.length()) {
      throw new Failure("the string has no end: " + quote + " is missing");
    }
    String text = source.substring(start + 1, i);
    add(Token.Kind.STRING, escapes ? Chars.unescape(text) : text, start);
    pos = i + 1;
  }

  private void operator(char c, StringBuilder open) {
    char next = pos + 1 < source.length() ? source.charAt(pos + 1) : 0;
    String text;
    if ((c == '*' && next == '*')
        || (c == '/' && next == '/')
        || (next == '=' && (c == '=' || c == '!' || c == '<' || c == '>'))) {
      text = source.substring(pos, pos + 2);
    } else if ("+-/*%~[](){}<>=.:|,".indexOf(c) >= 0) {
      text = String.valueOf(c);
    } else {
      throw new Failure(
          "'" + Character.toString(source.codePointAt(pos)) + "' has no meaning here");
    }
    int kind = "([{)]}".indexOf(c);
    if (kind >= 3) {
      int last = open.length() - 1;
      if (last < 0 || open.charAt(last) != c) {
        throw new Failure("'" + c + "' closes nothing");
      }
      open.setLength(last);
    } else if (kind >= 0) {
      open.append(")]}".charAt(kind));
    }
    add(Token.Kind.OPERATOR, text, pos);
    pos += text.length();
  }

  private void add(Token.Kind kind, String text, int at) {
    tokens.add(new Token(kind, text, at));
  }
}
