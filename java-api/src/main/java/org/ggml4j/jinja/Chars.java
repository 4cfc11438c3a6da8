package org.ggml4j.jinja;

/** What Python says about characters. */
final class Chars {
  private Chars() {}

  /** {@code str.isspace}, which also knows the separators 28 to 31. */
  static boolean isSpace(int c) {
    if (c <= ' ') {
      return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    }
    return c > 127
        && (c == 0x85
            || c == 0xA0
            || c == 0x1680
            || (c >= 0x2000 && c <= 0x200A)
            || c == 0x2028
            || c == 0x2029
            || c == 0x202F
            || c == 0x205F
            || c == 0x3000);
  }

  /** What ends a line for {@code str.splitlines}. */
  static boolean isLineBreak(char c) {
    return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
  }

  /** Whether {@code repr} shows it as it is. */
  static boolean isPrintable(int c) {
    if (c < 127) {
      return c >= ' ';
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  static boolean isNameStart(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '_'
        || (c > 127 && Character.isUnicodeIdentifierStart(c));
  }

  static boolean isNamePart(char c) {
    return isNameStart(c) || isDigit(c) || (c > 127 && Character.isUnicodeIdentifierPart(c));
  }

  /** Python's escapes of string literals; an unknown one stays as it is. */
  static String unescape(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\' || i + 1 == text.length()) {
        out.append(c);
        continue;
      }
      char e = text.charAt(++i);
      int simple = "nrtbfav0\\'\"\n".indexOf(e);
      if (e >= '0' && e <= '7') {
        int value = 0;
        int end = Math.min(text.length(), i + 3);
        while (i < end && text.charAt(i) >= '0' && text.charAt(i) <= '7') {
          value = value * 8 + text.charAt(i++) - '0';
        }
        i--;
        out.append((char) value);
      } else if (simple >= 0) {
        if (e != '\n') {
          out.append("\n\r\t\b\f\u0007\u000B\0\\'\"".charAt(simple));
        }
      } else if (e == 'x' || e == 'u' || e == 'U') {
        int digits = e == 'x' ? 2 : e == 'u' ? 4 : 8;
        int value = hex(text, i + 1, digits);
        if (value < 0 || value > Character.MAX_CODE_POINT) {
          throw new Failure("'\\" + e + "' in a string needs " + digits + " hexadecimal digits");
        }
        out.appendCodePoint(value);
        i += digits;
      } else {
        out.append('\\').append(e);
      }
    }
    return out.toString();
  }

  private static int hex(String text, int from, int digits) {
    if (from + digits > text.length()) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < from + digits; i++) {
      int digit = Character.digit(text.charAt(i), 16);
      if (digit < 0) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }
}
