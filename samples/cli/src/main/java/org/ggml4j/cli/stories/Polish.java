package org.ggml4j.cli.stories;

/** The last pass over a story: capitals, articles and spaces. */
final class Polish {
  private Polish() {}

  static String polish(CharSequence raw) {
    StringBuilder out = new StringBuilder(raw.length() + 16);
    boolean capital = true;
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      char last = out.length() == 0 ? '\n' : out.charAt(out.length() - 1);
      if (c == '^') {
        capital = true;
      } else if (c == '\n') {
        trimEnd(out);
        out.append(c);
        capital = true;
      } else if (Character.isLetter(c)) {
        article(raw, i, last, out);
        out.append(capital ? Character.toUpperCase(c) : c);
        capital = false;
      } else if (c != ' ' || (last != ' ' && last != '\n')) {
        if (c == '.' || c == ',') {
          trimEnd(out);
        }
        out.append(c);
        // The end of a quotation need not end the sentence around it: the quote sign undoes this.
        capital = c == '.' || c == '!' || c == '?' || (capital && c == ' ');
      }
    }
    trimEnd(out);
    return out.toString();
  }

  /** Makes the article before a word that begins with a vowel "an". */
  private static void article(CharSequence raw, int at, char last, StringBuilder out) {
    int length = out.length();
    boolean afterA =
        last == ' '
            && length >= 2
            && (out.charAt(length - 2) == 'a' || out.charAt(length - 2) == 'A')
            && (length == 2 || !Character.isLetter(out.charAt(length - 3)));
    if (afterA && "aeiou".indexOf(Character.toLowerCase(raw.charAt(at))) >= 0 && !isOne(raw, at)) {
      out.insert(length - 1, 'n');
    }
  }

  private static boolean isOne(CharSequence raw, int at) {
    return raw.length() >= at + 4 && raw.subSequence(at, at + 4).toString().equals("one ");
  }

  private static void trimEnd(StringBuilder out) {
    while (out.length() > 0 && out.charAt(out.length() - 1) == ' ') {
      out.setLength(out.length() - 1);
    }
  }
}
