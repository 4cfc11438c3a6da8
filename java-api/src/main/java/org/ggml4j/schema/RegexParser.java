package org.ggml4j.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads what ECMAScript's and Java's regular expressions have in common: characters, classes,
 * groups, alternatives, repetitions, anchors. Lazy repetitions are as greedy ones, since only
 * whether a text matches counts. What the two read differently is refused, with the position.
 *
 * <p>They differ in which spaces {@code \s} and which characters a dot stands for. The narrow
 * reading matches what both do, the wide one what either does.
 */
final class RegexParser {
  static final int MAX_DEPTH = 100;
  static final int MAX_LENGTH = 20_000;
  static final int MAX_REPETITIONS = 1_000_000;

  private static final CodePointSet DIGIT = CodePointSet.range('0', '9');
  private static final CodePointSet WORD =
      DIGIT
          .or(CodePointSet.range('A', 'Z'))
          .or(CodePointSet.range('a', 'z'))
          .or(CodePointSet.of('_'));
  private static final CodePointSet SPACE = CodePointSet.range('\t', '\r').or(CodePointSet.of(' '));
  private static final CodePointSet WIDE_SPACE =
      SPACE
          .or(CodePointSet.anyOf("\u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF"))
          .or(CodePointSet.range(0x2000, 0x200A));
  private static final CodePointSet LINE_ENDS = CodePointSet.anyOf("\n\r\u2028\u2029");
  private static final CodePointSet MORE_LINE_ENDS = LINE_ENDS.or(CodePointSet.of(0x85));
  private static final Map<String, CodePointSet> CATEGORIES = new ConcurrentHashMap<>();

  /** By the numbers that {@link Character#getType} gives. */
  private static final List<String> CATEGORY_NAMES =
      List.of(
          "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp",
          "Cc", "Cf", "", "Co", "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi",
          "Pf");

  private final String source;
  private final boolean wide;
  private int pos;
  private int depth;

  private RegexParser(String source, boolean wide) {
    this.source = source;
    this.wide = wide;
  }

  /**
   * Reads an expression.
   *
   * @param wide whether in doubt more or less shall match
   * @throws RegexException with the position, if it is wrong or no grammar can say it
   */
  static Regex parse(String source, boolean wide) {
    if (source.length() > MAX_LENGTH) {
      throw new RegexException(
          source.substring(0, 20) + "...", MAX_LENGTH, "longer than " + MAX_LENGTH);
    }
    RegexParser parser = new RegexParser(source, wide);
    Regex regex = parser.alternatives();
    if (parser.pos < source.length()) {
      throw parser.error(parser.pos, "')' without '('; write \\)");
    }
    return regex;
  }

  private Regex alternatives() {
    List<Regex> options = new ArrayList<>();
    options.add(sequence());
    while (accept('|')) {
      options.add(sequence());
    }
    return options.size() == 1 ? options.get(0) : new Regex.Alt(List.copyOf(options));
  }

  private Regex sequence() {
    List<Regex> parts = new ArrayList<>();
    while (pos < source.length() && !isAt('|') && !isAt(')')) {
      parts.add(repeated(atom()));
    }
    return parts.size() == 1 ? parts.get(0) : new Regex.Seq(List.copyOf(parts));
  }

  private Regex repeated(Regex body) {
    int start = pos;
    int min;
    int max;
    if (accept('*')) {
      min = 0;
      max = Regex.UNLIMITED;
    } else if (accept('+')) {
      min = 1;
      max = Regex.UNLIMITED;
    } else if (accept('?')) {
      min = 0;
      max = 1;
    } else if (accept('{')) {
      min = count(start);
      max = min;
      if (accept(',')) {
        max = isAt('}') ? Regex.UNLIMITED : count(start);
      }
      if (!accept('}')) {
        throw error(start, "expected {n}, {n,} or {n,m}; write \\{ for the character");
      }
      if (max < min) {
        throw error(start, "at most " + max + " repetitions are fewer than at least " + min);
      }
    } else {
      return body;
    }
    if (body instanceof Regex.Anchor) {
      throw error(start, "an anchor can't be repeated");
    }
    if (accept('?')) {
      // lazy: the same texts match
    } else if (isAt('+')) {
      throw error(pos, "a possessive repetition, which a grammar can't say; leave out the '+'");
    }
    if (isAt('*') || isAt('+') || isAt('?') || isAt('{')) {
      throw error(pos, "a repetition of a repetition; put the first into (?:...)");
    }
    return new Regex.Repeat(body, min, max);
  }

  private int count(int start) {
    int begin = pos;
    long n = 0;
    while (pos < source.length() && source.charAt(pos) >= '0' && source.charAt(pos) <= '9') {
      n = Math.min(n * 10 + (source.charAt(pos++) - '0'), Integer.MAX_VALUE);
    }
    if (pos == begin) {
      throw error(start, "expected {n}, {n,} or {n,m}; write \\{ for the character");
    }
    if (n > MAX_REPETITIONS) {
      throw error(begin, "more than " + MAX_REPETITIONS + " repetitions");
    }
    return (int) n;
  }

  private Regex atom() {
    int start = pos;
    int c = source.codePointAt(pos);
    pos += Character.charCount(c);
    return switch (c) {
      case '.' -> {
        CodePointSet ends = wide ? LINE_ENDS : MORE_LINE_ENDS;
        yield new Regex.Chars(ends.complement());
      }
      case '^', '$' -> {
        if (isAt('*') || isAt('+') || isAt('?') || isAt('{')) {
          throw error(pos, "an anchor can't be repeated");
        }
        yield new Regex.Anchor(c == '^', start);
      }
      case '(' -> group(start);
      case '[' -> new Regex.Chars(characterClass(start));
      case '\\' -> new Regex.Chars(escape(start, wide));
      case '*', '+', '?', '{' ->
          throw error(start, "nothing to repeat; write \\" + (char) c + " for the character");
      case ']', '}' -> throw error(start, "write \\" + (char) c + " for the character");
      default -> new Regex.Chars(single(c, start));
    };
  }

  private CodePointSet single(int c, int position) {
    if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
      throw error(position, "half of a surrogate pair, which no text contains");
    }
    return CodePointSet.of(c);
  }

  private Regex group(int start) {
    if (++depth > MAX_DEPTH) {
      throw error(start, "groups nested deeper than " + MAX_DEPTH);
    }
    if (accept('?')) {
      if (accept('<') && !isAt('=') && !isAt('!')) {
        int end = source.indexOf('>', pos);
        if (end < 0 || !source.substring(pos, end).matches("[A-Za-z][A-Za-z0-9]*")) {
          throw error(start, "expected a group's name and '>' behind (?<");
        }
        pos = end + 1;
      } else if (!accept(':')) {
        throw error(
            start,
            "only (...), (?:...) and (?<name>...); a grammar can't look around or set flags");
      }
    }
    Regex body = alternatives();
    if (!accept(')')) {
      throw error(start, "'(' without ')'; write \\( for the character");
    }
    depth--;
    return body;
  }

  private CodePointSet characterClass(int start) {
    boolean negated = accept('^');
    boolean wideMembers = wide != negated;
    if (isAt(']')) {
      throw error(
          start, "an empty class, or one that begins with ']'; write \\] for the character");
    }
    CodePointSet set = CodePointSet.NONE;
    while (!accept(']')) {
      int at = pos;
      CodePointSet first = member(start, wideMembers);
      if (isAt('-') && pos + 1 < source.length() && source.charAt(pos + 1) != ']') {
        pos++;
        CodePointSet last = member(start, wideMembers);
        if (!first.isSingle() || !last.isSingle()) {
          throw error(at, "a range needs a character at both ends; write \\- for the character");
        }
        if (last.first(0) < first.first(0)) {
          throw error(at, "the range ends before it begins");
        }
        first = CodePointSet.range(first.first(0), last.first(0));
      }
      set = set.or(first);
    }
    return negated ? set.complement() : set;
  }

  private CodePointSet member(int start, boolean wideMembers) {
    if (pos >= source.length()) {
      throw error(start, "'[' without ']'; write \\[ for the character");
    }
    int at = pos;
    int c = source.codePointAt(pos);
    pos += Character.charCount(c);
    if (c == '\\') {
      if (accept('b')) {
        return CodePointSet.of('\b');
      }
      return escape(at, wideMembers);
    }
    if (c == '[') {
      throw error(at, "'[' within a class; write \\[ for the character");
    }
    if (c == '&' && isAt('&')) {
      throw error(at, "'&&' within a class; write \\&\\& for the characters");
    }
    return single(c, at);
  }

  /** What stands behind a backslash that was read. */
  private CodePointSet escape(int start, boolean wideSet) {
    if (pos >= source.length()) {
      throw error(start, "a backslash at the end");
    }
    char c = source.charAt(pos++);
    return switch (c) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.complement();
      case 'w' -> WORD;
      case 'W' -> WORD.complement();
      case 's' -> wideSet ? WIDE_SPACE : SPACE;
      case 'S' -> (wideSet ? SPACE : WIDE_SPACE).complement();
      case 't' -> CodePointSet.of('\t');
      case 'n' -> CodePointSet.of('\n');
      case 'r' -> CodePointSet.of('\r');
      case 'f' -> CodePointSet.of('\f');
      case 'v' -> CodePointSet.of(0x0B);
      case '0' -> {
        if (pos < source.length() && Character.isDigit(source.charAt(pos))) {
          throw error(start, "an octal escape; write \\x and two hexadecimal digits");
        }
        yield CodePointSet.of(0);
      }
      case 'c' -> {
        char letter = pos < source.length() ? source.charAt(pos++) : ' ';
        if ((letter < 'A' || letter > 'Z') && (letter < 'a' || letter > 'z')) {
          throw error(start, "expected a letter behind \\c");
        }
        yield CodePointSet.of(letter % 32);
      }
      case 'x' -> single(isAt('{') ? braced(start) : hex(start, 2), start);
      case 'u' -> single(unicode(start), start);
      case 'p' -> category(start);
      case 'P' -> category(start).complement();
      case 'b', 'B' -> throw error(start, "a word boundary, which a grammar can't say");
      default -> {
        if (c >= '1' && c <= '9' || c == 'k') {
          throw error(start, "a back-reference, which a grammar can't say");
        }
        if (c >= 0x80 || Character.isLetterOrDigit(c)) {
          throw error(start, "unknown escape \\" + c);
        }
        yield CodePointSet.of(c);
      }
    };
  }

  private int unicode(int start) {
    if (isAt('{')) {
      return braced(start);
    }
    int unit = hex(start, 4);
    if (Character.isHighSurrogate((char) unit) && source.startsWith("\\u", pos)) {
      int second = pos;
      pos += 2;
      int low = hex(second, 4);
      if (Character.isLowSurrogate((char) low)) {
        return Character.toCodePoint((char) unit, (char) low);
      }
      pos = second;
    }
    return unit;
  }

  private int braced(int start) {
    int end = source.indexOf('}', pos);
    int digits = end - pos - 1;
    if (end < 0 || digits < 1 || digits > 6) {
      throw error(start, "expected hexadecimal digits in braces");
    }
    pos++;
    int c = hex(start, digits);
    pos++;
    if (c > CodePointSet.MAX) {
      throw error(start, "there is no such character; the last is 10FFFF");
    }
    return c;
  }

  private int hex(int start, int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      char c = pos < source.length() ? source.charAt(pos) : ' ';
      int digit = c < 0x80 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw error(start, "expected " + digits + " hexadecimal digits");
      }
      value = value * 16 + digit;
      pos++;
    }
    return value;
  }

  private CodePointSet category(int start) {
    int end = isAt('{') ? source.indexOf('}', pos) : -1;
    String name = end < 0 ? "" : source.substring(pos + 1, end);
    boolean known =
        CATEGORY_NAMES.stream().anyMatch(n -> !name.isEmpty() && n.startsWith(name))
            && name.charAt(0) == name.toUpperCase(Locale.ROOT).charAt(0);
    if (!known) {
      throw error(
          start, "only Unicode's general categories, as \\p{L} or \\p{Lu}, found '" + name + "'");
    }
    pos = end + 1;
    return CATEGORIES.computeIfAbsent(
        name, n -> CodePointSet.where(c -> CATEGORY_NAMES.get(Character.getType(c)).startsWith(n)));
  }

  private boolean isAt(char c) {
    return pos < source.length() && source.charAt(pos) == c;
  }

  private boolean accept(char c) {
    if (isAt(c)) {
      pos++;
      return true;
    }
    return false;
  }

  private RegexException error(int position, String problem) {
    return new RegexException(source, position, problem);
  }
}
