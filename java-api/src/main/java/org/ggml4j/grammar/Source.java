package org.ggml4j.grammar;

/** A grammar's text, to say where in it something is. */
record Source(String text) {

  /** An error at an index into the text. */
  GrammarException error(int offset, String problem) {
    int line = 1;
    int start = 0;
    for (int i = 0; i < offset; i++) {
      char c = text.charAt(i);
      boolean crLf = c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n';
      if (c == '\n' || (c == '\r' && !crLf)) {
        line++;
        start = i + 1;
      }
    }
    return new GrammarException(line, text.codePointCount(start, offset) + 1, problem);
  }

  /** The character at an index, as an error message shows it. */
  String found(int offset) {
    if (offset >= text.length()) {
      return "the end of the grammar";
    }
    return name(text.codePointAt(offset));
  }

  static String name(int codePoint) {
    if (codePoint == '\n' || codePoint == '\r') {
      return "the end of the line";
    }
    if (codePoint <= ' ' || !Character.isDefined(codePoint) || isUnprintable(codePoint)) {
      return "U+%04X".formatted(codePoint);
    }
    return "'" + Character.toString(codePoint) + "'";
  }

  private static boolean isUnprintable(int codePoint) {
    return Character.isISOControl(codePoint)
        || Character.getType(codePoint) == Character.SURROGATE
        || Character.getType(codePoint) == Character.FORMAT;
  }
}
