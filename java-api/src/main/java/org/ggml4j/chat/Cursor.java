package org.ggml4j.chat;

/** A place in a text that may go on later. */
final class Cursor {
  /** Whether what there is may be the begin of something, only more text can tell. */
  static final class Incomplete extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Incomplete() {
      super("more text is needed", null, false, false);
    }
  }

  private final String text;
  private final boolean isLast;
  private int pos;

  /** Whether the end of the text stands for all marks that are still missing. */
  private boolean endsAnywhere;

  /**
   * @param isLast whether no more text will come
   */
  Cursor(String text, int pos, boolean isLast) {
    this.text = text;
    this.pos = pos;
    this.isLast = isLast;
  }

  int pos() {
    return pos;
  }

  /** From here on what the form wants may be missing, if the text ends. */
  void endAnywhere() {
    endsAnywhere = true;
  }

  /** That the text is not as it should be, or not all here yet. */
  RuntimeException missing(String what) {
    return isLast || pos < text.length()
        ? new JsonException("no call: at offset " + pos + ", " + what + " was expected")
        : new Incomplete();
  }

  private RuntimeException incomplete() {
    return isLast ? new JsonException("a call without an end") : new Incomplete();
  }

  /** Passes a mark if it is here. */
  boolean skip(String mark) {
    if (text.startsWith(mark, pos)) {
      pos += mark.length();
      return true;
    }
    boolean perhaps =
        mark.startsWith(text.substring(pos, Math.min(text.length(), pos + mark.length())));
    if (perhaps && !isLast) {
      throw new Incomplete();
    }
    if (perhaps && endsAnywhere) {
      pos = text.length();
      return true;
    }
    return false;
  }

  /** Passes a mark, which must be here. */
  void expect(String mark) {
    if (!skip(mark)) {
      throw missing("'" + mark + "'");
    }
  }

  /** Passes white space. */
  void space() {
    while (pos < text.length() && Character.isWhitespace(text.charAt(pos))) {
      pos++;
    }
  }

  /** The next character. */
  char peek() {
    if (pos >= text.length()) {
      throw incomplete();
    }
    return text.charAt(pos);
  }

  boolean isAt(String mark) {
    int before = pos;
    boolean found = skip(mark);
    pos = before;
    return found;
  }

  /** The characters of a tool's name that stand here, at least one. */
  String name() {
    int from = pos;
    while (pos < text.length() && Tool.isNamePart(text.charAt(pos))) {
      pos++;
    }
    if (pos == text.length()) {
      throw incomplete();
    }
    if (pos == from) {
      throw missing("a name");
    }
    return text.substring(from, pos);
  }

  /** What stands before a mark, which is passed. */
  String until(String mark) {
    int end = text.indexOf(mark, pos);
    if (end < 0) {
      throw incomplete();
    }
    String before = text.substring(pos, end);
    pos = end + mark.length();
    return before;
  }

  /** The characters before one of some, which stays. */
  String word(String ends) {
    int from = pos;
    while (pos < text.length() && ends.indexOf(text.charAt(pos)) < 0) {
      pos++;
    }
    if (pos == text.length()) {
      throw incomplete();
    }
    return text.substring(from, pos);
  }

  /**
   * A value between marks: what stands before the next one, or before a later one as long as a
   * string of JSON is not closed.
   */
  String value(String mark, boolean isText) {
    int end = text.indexOf(mark, pos);
    while (end >= 0 && !isText && isInString(text.substring(pos, end).stripLeading())) {
      end = text.indexOf(mark, end + 1);
    }
    if (end < 0) {
      throw incomplete();
    }
    String value = text.substring(pos, end);
    pos = end + mark.length();
    return value;
  }

  private static boolean isInString(String json) {
    boolean in = false;
    if (json.isEmpty() || "{[\"".indexOf(json.charAt(0)) < 0) {
      return false;
    }
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (in && c == '\\') {
        i++;
      } else if (c == '"') {
        in = !in;
      }
    }
    return in;
  }

  /** An object or a list of JSON that begins here. */
  String json() {
    int from = pos;
    char first = peek();
    if (first != '{' && first != '[') {
      throw missing("an object");
    }
    int depth = 0;
    boolean in = false;
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (in) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          in = false;
        }
      } else if (c == '"') {
        in = true;
      } else if (c == '{' || c == '[') {
        depth++;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        pos = i + 1;
        return text.substring(from, pos);
      }
    }
    throw incomplete();
  }
}
