package org.ggml4j.jinja;

/** Python's {@code format.format(...)}. */
final class BraceFormat {
  private final Run run;
  private final Args args;
  private int next;
  private boolean numbered;

  private BraceFormat(Run run, Args args) {
    this.run = run;
    this.args = args;
  }

  static Text format(Run run, Text format, Args args) {
    return run.made(
        new BraceFormat(run, args)
            .format(format, 0, format.isMarkup())
            .asMarkup(format.isMarkup()));
  }

  private Text format(Text format, int depth, boolean markup) {
    TextBuilder out = run.builder();
    String s = format.toString();
    int done = 0;
    int i = 0;
    while (i < s.length()) {
      char c = s.charAt(i);
      if (c != '{' && c != '}') {
        i++;
        continue;
      }
      out.append(format, done, i);
      if (i + 1 < s.length() && s.charAt(i + 1) == c) {
        out.append(format, i, i + 1);
        i += 2;
      } else if (c == '}') {
        throw new Failure("format(): a single '}'");
      } else {
        int close = close(s, i);
        Text field = field(format.slice(i + 1, close), depth);
        out.append(markup ? field.escaped() : field);
        i = close + 1;
      }
      done = i;
    }
    return out.append(format, done, s.length()).toText();
  }

  private static int close(String s, int open) {
    int depth = 0;
    for (int i = open; i < s.length(); i++) {
      depth += s.charAt(i) == '{' ? 1 : s.charAt(i) == '}' ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    throw new Failure("format(): '}' is missing");
  }

  private Text field(Text field, int depth) {
    run.step();
    if (depth > 1) {
      throw new Failure("format(): fields nest too deep");
    }
    String s = field.toString();
    int colon = s.indexOf(':');
    String head = colon < 0 ? s : s.substring(0, colon);
    int bang = head.indexOf('!');
    String name = bang < 0 ? head : head.substring(0, bang);
    Object value = value(name);
    if (bang >= 0) {
      value = head.endsWith("!s") ? Values.text(value) : Repr.of(value);
    }
    Text spec =
        colon < 0 ? Text.EMPTY : format(field.slice(colon + 1, field.length()), depth + 1, false);
    return spec.isEmpty() ? Values.text(value) : formatted(value, spec.toString());
  }

  private Object value(String name) {
    int end = 0;
    while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
      end++;
    }
    String first = name.substring(0, end);
    boolean index = !first.isEmpty() && first.length() < 9;
    for (int i = 0; i < first.length(); i++) {
      index &= Chars.isDigit(first.charAt(i));
    }
    Object value;
    if (first.isEmpty() || index) {
      if (first.isEmpty() && numbered) {
        throw new Failure("format(): numbered fields and fields without a number");
      }
      numbered |= index;
      int i = index ? Integer.parseInt(first) : next++;
      if (i >= args.size()) {
        throw new Failure("format(): there is no argument " + i);
      }
      value = args.get(i);
    } else {
      value = args.require(Integer.MAX_VALUE, first);
    }
    return path(value, name, end);
  }

  private Object path(Object start, String name, int from) {
    Object value = start;
    int i = from;
    while (i < name.length()) {
      if (name.charAt(i) == '.') {
        int end = i + 1;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
          end++;
        }
        value = Members.attribute(run, value, name.substring(i + 1, end));
        i = end;
      } else {
        int close = name.indexOf(']', i);
        if (name.charAt(i) != '[' || close < 0) {
          throw new Failure("format(): '.' or '[...]' was expected in the field '" + name + "'");
        }
        String key = name.substring(i + 1, close);
        boolean index = !key.isEmpty() && key.length() < 9;
        for (int k = 0; k < key.length(); k++) {
          index &= Chars.isDigit(key.charAt(k));
        }
        value = Members.item(run, value, index ? (Object) Long.valueOf(key) : Text.template(key));
        i = close + 1;
      }
    }
    return value;
  }

  /** {@code [[fill]align][sign][#][0][width][,][.precision][type]}. */
  private Text formatted(Object value, String spec) {
    int i = 0;
    String fill = " ";
    char align = 0;
    int firstEnd = Character.charCount(spec.codePointAt(0));
    if (firstEnd < spec.length() && "<>^=".indexOf(spec.charAt(firstEnd)) >= 0) {
      fill = spec.substring(0, firstEnd);
      align = spec.charAt(firstEnd);
      i = firstEnd + 1;
    } else if ("<>^=".indexOf(spec.charAt(0)) >= 0) {
      align = spec.charAt(i++);
    }
    char sign = i < spec.length() && "+- ".indexOf(spec.charAt(i)) >= 0 ? spec.charAt(i++) : '-';
    boolean prefix = i < spec.length() && spec.charAt(i) == '#';
    i += prefix ? 1 : 0;
    if (i < spec.length() && spec.charAt(i) == '0' && align == 0) {
      fill = "0";
      align = '=';
      i++;
    }
    int width = 0;
    while (i < spec.length() && Chars.isDigit(spec.charAt(i))) {
      width = Math.min(width * 10 + spec.charAt(i++) - '0', 100_000_000);
    }
    char group = i < spec.length() && ",_".indexOf(spec.charAt(i)) >= 0 ? spec.charAt(i++) : 0;
    int precision = -1;
    if (i < spec.length() && spec.charAt(i) == '.') {
      i++;
      precision = 0;
      while (i < spec.length() && Chars.isDigit(spec.charAt(i))) {
        precision = Math.min(precision * 10 + spec.charAt(i++) - '0', 100_000_000);
      }
    }
    char type = i < spec.length() ? spec.charAt(i++) : 0;
    if (i < spec.length()) {
      throw new Failure("format(): the specification '" + spec + "' is not understood");
    }
    if (!Values.isNumber(value) || (value instanceof Boolean && type == 0)) {
      if (type != 0 && type != 's') {
        throw new Failure("format(): '" + type + "' is not for '" + Values.typeName(value) + "'");
      }
      Text text = Values.text(value);
      text =
          precision >= 0 && precision < text.nCodePoints()
              ? text.slice(0, text.toString().offsetByCodePoints(0, precision))
              : text;
      return aligned(text, 0, fill, align == 0 ? '<' : align, width);
    }
    boolean negative = Numbers.compare(value, 0L) < 0;
    String before =
        (negative ? "-" : sign == '-' ? "" : String.valueOf(sign))
            .concat(prefix ? prefix(type) : "");
    String digits = digits(value, type, precision, group);
    return aligned(
        Text.template(before.concat(digits)),
        before.length(),
        fill,
        align == 0 ? '>' : align,
        width);
  }

  private static String prefix(char type) {
    return "xXob".indexOf(type) >= 0 ? "0" + type : "";
  }

  private static String digits(Object value, char type, int precision, char group) {
    if (precision > NumberFormat.MAX_PRECISION) {
      throw new Failure("a precision of at most " + NumberFormat.MAX_PRECISION + " was expected");
    }
    String digits;
    if (Numbers.isWhole(value) && "\0dnxXob".indexOf(type) >= 0) {
      digits = NumberFormat.whole(Numbers.big(value), type);
    } else {
      double d = Numbers.toDouble(value);
      digits =
          switch (type) {
            case 'e', 'E', 'f', 'F', 'g', 'G' ->
                NumberFormat.decimal(d, type, precision < 0 ? 6 : precision);
            case '%' -> NumberFormat.decimal(d * 100, 'f', precision < 0 ? 6 : precision) + "%";
            case 0 ->
                precision < 0 ? Numbers.repr(Math.abs(d)) : NumberFormat.decimal(d, 'g', precision);
            default -> throw new Failure("format(): '" + type + "' is not for numbers like this");
          };
    }
    return group == 0 ? digits : grouped(digits, group);
  }

  private static String grouped(String digits, char group) {
    int end = 0;
    while (end < digits.length() && Chars.isDigit(digits.charAt(end))) {
      end++;
    }
    StringBuilder out = new StringBuilder(digits);
    for (int i = end - 3; i > 0; i -= 3) {
      out.insert(i, group);
    }
    return out.toString();
  }

  private Text aligned(Text text, int before, String fill, char align, int width) {
    long missing = Math.max(0, (long) width - text.nCodePoints());
    Text filling = Text.template(fill);
    TextBuilder out = run.builder();
    return switch (align) {
      case '<' -> out.append(text).repeat(filling, missing).toText();
      case '>' -> out.repeat(filling, missing).append(text).toText();
      case '^' ->
          out.repeat(filling, missing / 2)
              .append(text)
              .repeat(filling, missing - missing / 2)
              .toText();
      default ->
          out.append(text, 0, before)
              .repeat(filling, missing)
              .append(text, before, text.length())
              .toText();
    };
  }
}
