package org.ggml4j.jinja;

/** A template's text, to say where in it something is. */
record Source(String text) {

  /** An error at an index into the text. */
  TemplateException error(int offset, Failure failure) {
    int line = 1;
    int start = 0;
    int end = Math.min(offset, text.length());
    for (int i = 0; i < end; i++) {
      if (text.charAt(i) == '\n') {
        line++;
        start = i + 1;
      }
    }
    int column = text.codePointCount(start, end) + 1;
    return new TemplateException(line, column, failure.problem(), failure.isRaised());
  }
}
