package org.ggml4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Python's {@code format % values}. */
final class PercentFormat {
  private final Run run;
  private final Text format;
  private final Object values;
  private final TextBuilder out;
  private int pos;
  private int next;

  private PercentFormat(Run run, Text format, Object values) {
    this.run = run;
    this.format = format;
    this.values = values;
    this.out = run.builder();
  }

  static Text format(Run run, Text format, Object values) {
    return run.made(new PercentFormat(run, format, values).run().asMarkup(format.isMarkup()));
  }

  private Text run() {
    String s = format.toString();
    while (true) {
      int percent = s.indexOf('%', pos);
      out.append(format, pos, percent < 0 ? s.length() : percent);
      if (percent < 0) {
        break;
      }
      pos = percent + 1;
      conversion(s);
    }
    boolean tuple = values instanceof Seq q && q.kind == Seq.Kind.TUPLE;
    if (tuple ? next < ((Seq) values).size() : next == 0 && !(values instanceof Dict)) {
      throw new Failure("not all arguments are used by the format");
    }
    return out.toText();
  }

  private char at(String s) {
    if (pos >= s.length()) {
      throw new Failure("the format ends within a conversion");
    }
    return s.charAt(pos);
  }

  private void conversion(String s) {
    run.step();
    Object value = None.NONE;
    boolean named = at(s) == '(';
    if (named) {
      int close = s.indexOf(')', pos);
      if (close < 0 || !(values instanceof Dict dict)) {
        throw new Failure("a dict was expected for a format with names");
      }
      Object found = dict.get(s.substring(pos + 1, close));
      if (found == null) {
        throw new Failure("the format's name '" + s.substring(pos + 1, close) + "' is not given");
      }
      value = found;
      pos = close + 1;
    }
    StringBuilder flags = new StringBuilder();
    while ("-+ 0#".indexOf(at(s)) >= 0) {
      flags.append(s.charAt(pos++));
    }
    int width = number(s);
    int precision = -1;
    if (at(s) == '.') {
      pos++;
      precision = Math.max(0, number(s));
    }
    char type = at(s);
    pos++;
    if (type == '%') {
      out.append("%");
      return;
    }
    Object argument = named ? value : argument();
    pad(text(argument, type, precision, flags.toString()), width, flags.toString(), type);
  }

  private int number(String s) {
    if (at(s) == '*') {
      pos++;
      return Numbers.index(argument());
    }
    int n = -1;
    while (Chars.isDigit(at(s))) {
      n = Math.min(Math.max(n, 0) * 10 + s.charAt(pos++) - '0', 100_000_000);
    }
    return n;
  }

  private Object argument() {
    if (values instanceof Seq q && q.kind == Seq.Kind.TUPLE) {
      if (next >= q.size()) {
        throw new Failure("not enough arguments for the format");
      }
      return q.get(next++);
    }
    if (next++ > 0) {
      throw new Failure("not enough arguments for the format");
    }
    return values;
  }

  private Text text(Object value, char type, int precision, String flags) {
    if (type == 's' || type == 'r' || type == 'a') {
      Text text = type == 's' ? Values.text(value) : Repr.of(value);
      text = format.isMarkup() ? text.escaped() : text;
      return precision >= 0 && precision < text.nCodePoints()
          ? text.slice(0, text.toString().offsetByCodePoints(0, precision))
          : text;
    }
    if (type == 'c') {
      return value instanceof Text t
          ? t
          : Text.template(
              Character.toString(Math.max(0, Math.min(Numbers.index(value), 0x10FFFF))));
    }
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (!Values.isNumber(value)) {
      throw new Failure(
          "%" + type + " format: a number is required, not " + Values.typeName(value));
    }
    if (precision > NumberFormat.MAX_PRECISION) {
      throw new Failure("a precision of at most " + NumberFormat.MAX_PRECISION + " was expected");
    }
    boolean negative = Numbers.compare(value, 0L) < 0;
    String sign =
        negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    String digits =
        switch (type) {
          case 'd', 'i', 'u', 'x', 'X', 'o' -> {
            BigInteger whole =
                value instanceof Double d ? new BigDecimal(d).toBigInteger() : Numbers.big(value);
            String plain = NumberFormat.whole(whole, type);
            yield "0".repeat(Math.max(0, precision - plain.length())).concat(plain);
          }
          case 'e', 'E', 'f', 'F', 'g', 'G' ->
              NumberFormat.decimal(Numbers.toDouble(value), type, precision < 0 ? 6 : precision);
          default -> throw new Failure("unsupported format character '" + type + "'");
        };
    String prefix =
        flags.indexOf('#') < 0
            ? ""
            : type == 'x' || type == 'X' ? "0" + type : type == 'o' ? "0o" : "";
    return Text.template(sign.concat(prefix).concat(digits));
  }

  private void pad(Text text, int width, String flags, char type) {
    long missing = (long) width - text.nCodePoints();
    if (flags.indexOf('-') >= 0) {
      out.append(text).repeat(Filters.SPACE, missing);
    } else if (flags.indexOf('0') >= 0 && "srac".indexOf(type) < 0) {
      int sign = !text.isEmpty() && "+- ".indexOf(text.charAt(0)) >= 0 ? 1 : 0;
      out.append(text, 0, sign).repeat(Text.template("0"), missing);
      out.append(text, sign, text.length());
    } else {
      out.repeat(Filters.SPACE, missing).append(text);
    }
  }
}
