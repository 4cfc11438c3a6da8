package org.ggml4j.jinja;

/** Python's {@code json.dumps(x, ensure_ascii=False)}, which transformers' {@code tojson} is. */
final class Json {
  private static final int MAX_DEPTH = 200;

  private final TextBuilder out;
  private final Text itemSeparator;
  private final Text keySeparator;

  /** Empty where all is on one line. */
  private final Text indent;

  private final boolean oneLine;
  private final boolean sortKeys;
  private final boolean ascii;
  private int depth;

  private Json(Run run, Args args) {
    args.atMost(4, "ensure_ascii", "indent", "separators", "sort_keys");
    this.out = run.builder();
    this.ascii = args.flag(0, "ensure_ascii", false);
    Object by = args.get(1, "indent", None.NONE);
    this.oneLine = by == None.NONE;
    this.indent =
        by instanceof Text t
            ? t
            : oneLine
                ? Text.EMPTY
                : run.builder().repeat(Filters.SPACE, Numbers.index(by)).toText();
    Object separators = args.get(2, "separators", None.NONE);
    if (separators == None.NONE) {
      this.itemSeparator = Text.template(oneLine ? ", " : ",");
      this.keySeparator = Text.template(": ");
    } else {
      Object[] two = Values.items(separators);
      if (two.length != 2) {
        throw new Failure("tojson: two separators were expected, " + two.length + " were found");
      }
      this.itemSeparator = TextMethods.text(two[0]);
      this.keySeparator = TextMethods.text(two[1]);
    }
    this.sortKeys = args.flag(3, "sort_keys", false);
  }

  static Text write(Run run, Object value, Args args) {
    Json json = new Json(run, args);
    json.append(value);
    return run.made(json.out.toText());
  }

  private void append(Object value) {
    if (value instanceof Text t) {
      string(t);
    } else if (value instanceof Boolean b) {
      out.append(b ? "true" : "false");
    } else if (value == None.NONE) {
      out.append("null");
    } else if (value instanceof Double d) {
      out.append(number(d));
    } else if (value instanceof Number) {
      out.append(value.toString());
    } else if (value instanceof Dict d) {
      enter();
      object(d);
      depth--;
    } else if (value instanceof Seq s && (s.kind == Seq.Kind.LIST || s.kind == Seq.Kind.TUPLE)) {
      enter();
      array(s);
      depth--;
    } else {
      throw new Failure("object of type " + Values.typeName(value) + " is not JSON serializable");
    }
  }

  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw new Failure("tojson: values nest deeper than " + MAX_DEPTH + " levels");
    }
  }

  private static String number(double d) {
    return Double.isNaN(d)
        ? "NaN"
        : Double.isInfinite(d) ? (d < 0 ? "-Infinity" : "Infinity") : Numbers.repr(d);
  }

  private void line(int levels) {
    if (!oneLine) {
      out.append("\n").repeat(indent, levels);
    }
  }

  private void array(Seq seq) {
    out.append("[");
    for (int i = 0; i < seq.size(); i++) {
      if (i > 0) {
        out.append(itemSeparator);
      }
      line(depth);
      append(seq.get(i));
    }
    if (seq.size() > 0) {
      line(depth - 1);
    }
    out.append("]");
  }

  private void object(Dict dict) {
    Object[] order = new Object[dict.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = dict.key(i);
    }
    if (sortKeys) {
      order =
          SeqFilters.sort(SeqFilters.listed(order, Seq.Kind.LIST), false, true, None.NONE)
              .items()
              .toArray();
    }
    out.append("{");
    for (int i = 0; i < order.length; i++) {
      if (i > 0) {
        out.append(itemSeparator);
      }
      line(depth);
      key(order[i]);
      out.append(keySeparator);
      Object value = sortKeys ? dict.get(order[i]) : dict.value(i);
      append(value == null ? None.NONE : value);
    }
    if (order.length > 0) {
      line(depth - 1);
    }
    out.append("}");
  }

  private void key(Object key) {
    if (key instanceof Text t) {
      string(t);
    } else if (key instanceof Double d) {
      out.append("\"").append(number(d)).append("\"");
    } else if (key == None.NONE || Values.isNumber(key)) {
      out.append("\"");
      append(key);
      out.append("\"");
    } else {
      throw new Failure("keys must be str, int, float, bool or None, not " + Values.typeName(key));
    }
  }

  private void string(Text text) {
    out.append("\"");
    String s = text.toString();
    int done = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c >= ' ' && c != '"' && c != '\\' && !(ascii && c > 126)) {
        continue;
      }
      out.append(text, done, i);
      out.append(escape(c), !text.isFromTemplate(i, i + 1));
      done = i + 1;
    }
    out.append(text, done, s.length()).append("\"");
  }

  private static String escape(char c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      default -> {
        if (c == 127) {
          yield "\u007f";
        }
        String hex = Integer.toHexString(c);
        yield "\\u".concat("0".repeat(4 - hex.length())).concat(hex);
      }
    };
  }
}
