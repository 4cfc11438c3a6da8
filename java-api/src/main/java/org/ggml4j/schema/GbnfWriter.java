package org.ggml4j.schema;

import java.util.StringJoiner;

/** Writes the right sides of rules as GBNF, llama.cpp's notation ({@code grammars/README.md}). */
final class GbnfWriter {
  private GbnfWriter() {}

  static String write(Expr e) {
    if (e instanceof Expr.Lit lit) {
      return literal(lit.text());
    }
    if (e instanceof Expr.Chars chars) {
      return characters(chars.set());
    }
    if (e instanceof Expr.Ref ref) {
      return ref.rule();
    }
    if (e instanceof Expr.Alt alt) {
      if (alt.options().isEmpty()) {
        throw new IllegalStateException("nothing to write: no text fits");
      }
      StringJoiner out = new StringJoiner(" | ");
      alt.options().forEach(option -> out.add(write(option)));
      return out.toString();
    }
    if (e instanceof Expr.Repeat repeat) {
      return atom(repeat.body()) + count(repeat.min(), repeat.max());
    }
    StringJoiner out = new StringJoiner(" ").setEmptyValue("\"\"");
    e.parts()
        .forEach(part -> out.add(part instanceof Expr.Alt ? "(" + write(part) + ")" : write(part)));
    return out.toString();
  }

  private static String atom(Expr e) {
    boolean group = e instanceof Expr.Alt || e instanceof Expr.Seq || e instanceof Expr.Repeat;
    return group ? "(" + write(e) + ")" : write(e);
  }

  private static String count(int min, int max) {
    if (max == Expr.UNLIMITED) {
      return min == 0 ? "*" : min == 1 ? "+" : "{" + min + ",}";
    }
    if (min == 0 && max == 1) {
      return "?";
    }
    return min == max ? "{" + min + "}" : "{" + min + "," + max + "}";
  }

  static String literal(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.codePoints().forEach(c -> out.append(c == '"' ? "\\\"" : character(c)));
    return out.append('"').toString();
  }

  private static String characters(CodePointSet set) {
    CodePointSet others = set.complement();
    if (others.isEmpty()) {
      return ".";
    }
    boolean negate = set.contains(CodePointSet.MAX);
    CodePointSet named = negate ? others : set;
    StringBuilder out = new StringBuilder(negate ? "[^" : "[");
    for (int r = 0; r < named.rangeCount(); r++) {
      int first = named.first(r);
      int last = named.last(r);
      out.append(member(first));
      if (last > first) {
        out.append(last > first + 1 ? "-" : "").append(member(last));
      }
    }
    return out.append(']').toString();
  }

  private static String member(int c) {
    return c == ']' || c == '[' || c == '-' ? "\\" + (char) c : c == '^' ? "\\x5E" : character(c);
  }

  private static String character(int c) {
    return switch (c) {
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> {
        boolean plain = (c >= ' ' && c < 0x7F) || Character.isLetterOrDigit(c);
        yield plain
            ? Character.toString(c)
            : c < 0x100
                ? String.format("\\x%02X", c)
                : c <= 0xFFFF ? String.format("\\u%04X", c) : String.format("\\U%08X", c);
      }
    };
  }
}
