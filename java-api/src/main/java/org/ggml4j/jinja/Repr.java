package org.ggml4j.jinja;

/** Python's {@code repr()}. */
final class Repr {
  private static final int MAX_DEPTH = 200;

  private final TextBuilder out = new TextBuilder(16 << 20);
  private int depth;

  private Repr() {}

  static Text of(Object value) {
    Repr repr = new Repr();
    repr.append(value);
    return repr.out.toText();
  }

  private void append(Object value) {
    if (value instanceof Text t) {
      if (t.isMarkup()) {
        out.append("Markup(");
      }
      quote(t);
      if (t.isMarkup()) {
        out.append(")");
      }
      return;
    }
    if (++depth > MAX_DEPTH) {
      throw new Failure("values that nest deeper than " + MAX_DEPTH + " levels are shown");
    }
    if (value instanceof Seq s) {
      out.append(s.kind.open);
      for (int i = 0; i < s.size(); i++) {
        out.append(i == 0 ? "" : ", ");
        append(s.get(i));
      }
      out.append(s.kind == Seq.Kind.TUPLE && s.size() == 1 ? "," : "").append(s.kind.close);
    } else if (value instanceof Dict d) {
      out.append("{");
      for (int i = 0; i < d.size(); i++) {
        out.append(i == 0 ? "" : ", ");
        append(d.key(i));
        out.append(": ");
        append(d.value(i));
      }
      out.append("}");
    } else if (value instanceof Namespace n) {
      out.append("<Namespace ");
      append(n.attributes());
      out.append(">");
    } else {
      out.append(value instanceof Undefined ? "Undefined" : Values.plain(value));
    }
    depth--;
  }

  /** A string literal, in single quotes where that needs no escapes that double ones don't. */
  private void quote(Text text) {
    String s = text.toString();
    char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote, false);
    int done = 0;
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      int end = i + Character.charCount(c);
      String escape = escape(c, quote);
      if (!escape.isEmpty()) {
        out.append(text, done, i);
        out.append(escape, !text.isFromTemplate(i, end));
        done = end;
      }
      i = end;
    }
    out.append(text, done, s.length());
    out.append(quote, false);
  }

  private static String escape(int c, char quote) {
    if (c == quote || c == '\\') {
      return "\\" + (char) c;
    }
    if (Chars.isPrintable(c)) {
      return "";
    }
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> c < 256 ? hex('x', c, 2) : c < 65536 ? hex('u', c, 4) : hex('U', c, 8);
    };
  }

  private static String hex(char kind, int c, int digits) {
    String hex = Integer.toHexString(c);
    return "\\" + kind + "0".repeat(digits - hex.length()) + hex;
  }
}
