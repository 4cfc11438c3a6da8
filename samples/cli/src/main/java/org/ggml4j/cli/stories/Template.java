package org.ggml4j.cli.stories;

import java.util.ArrayList;
import java.util.List;

/**
 * A piece of the grammar, parsed once: text with choices {@code [a|b]}, variables {@code {N.he}},
 * pool calls {@code {#sad N}} and {@code ^}, which makes the next letter a capital.
 */
sealed interface Template {

  /** Plain text. */
  record Text(String value) implements Template {}

  /** The value of a variable; {@code capital} when the grammar wrote its attribute so. */
  record Variable(String key, boolean capital) implements Template {}

  /** A line of a pool, with {@code X} standing for {@code role} when that is not empty. */
  record Call(String pool, String role) implements Template {}

  /** One of the options, each as likely as the others. */
  record Choice(List<Template> options) implements Template {}

  /** All the parts, one after the other. */
  record Sequence(List<Template> parts) implements Template {}

  /**
   * Parses a line of the grammar.
   *
   * @throws IllegalArgumentException if a bracket or brace is not closed or closes nothing
   */
  static Template parse(String source) {
    Parser parser = new Parser(source);
    Template result = parser.sequence(false);
    if (parser.at < source.length()) {
      throw parser.error("'" + source.charAt(parser.at) + "' closes nothing");
    }
    return result;
  }

  /** A recursive-descent parser over one line. */
  final class Parser {
    private final String source;
    private int at;

    private Parser(String source) {
      this.source = source;
    }

    private Template sequence(boolean inChoice) {
      List<Template> parts = new ArrayList<>();
      StringBuilder text = new StringBuilder();
      while (at < source.length()) {
        char c = source.charAt(at);
        if (c == ']' || (inChoice && c == '|')) {
          break;
        }
        if (c == '[' || c == '{') {
          flush(text, parts);
          parts.add(c == '[' ? choice() : reference());
        } else {
          text.append(c);
          at++;
        }
      }
      flush(text, parts);
      return parts.size() == 1 ? parts.get(0) : new Sequence(List.copyOf(parts));
    }

    private static void flush(StringBuilder text, List<Template> parts) {
      if (text.length() > 0) {
        parts.add(new Text(text.toString()));
        text.setLength(0);
      }
    }

    private Template choice() {
      List<Template> options = new ArrayList<>();
      do {
        at++;
        options.add(sequence(true));
      } while (at < source.length() && source.charAt(at) == '|');
      if (at >= source.length()) {
        throw error("a '[' is not closed");
      }
      at++;
      return new Choice(List.copyOf(options));
    }

    private Template reference() {
      int end = source.indexOf('}', at);
      if (end < 0) {
        throw error("a '{' is not closed");
      }
      String key = source.substring(at + 1, end);
      at = end + 1;
      if (key.startsWith("#")) {
        int space = key.indexOf(' ');
        return space < 0
            ? new Call(key.substring(1), "")
            : new Call(key.substring(1, space), key.substring(space + 1));
      }
      int dot = key.indexOf('.');
      boolean capital = dot >= 0 && Character.isUpperCase(key.charAt(dot + 1));
      if (capital) {
        key =
            key.substring(0, dot + 1)
                + Character.toLowerCase(key.charAt(dot + 1))
                + key.substring(dot + 2);
      }
      return new Variable(key, capital);
    }

    private IllegalArgumentException error(String what) {
      return new IllegalArgumentException("grammar: " + what + " at " + at + " in: " + source);
    }
  }
}
