package org.ggml4j.grammar;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;

/** Looks for triggers in a text that comes token by token. Not thread-safe. */
final class TriggerScan {
  private final List<GrammarTrigger> triggers;
  private byte[] text;
  private int[] ends;
  private int size;

  TriggerScan(List<GrammarTrigger> triggers) {
    this(triggers, new byte[64], new int[64], 0);
  }

  private TriggerScan(List<GrammarTrigger> triggers, byte[] text, int[] ends, int size) {
    this.triggers = triggers;
    this.text = text;
    this.ends = ends;
    this.size = size;
  }

  TriggerScan copy() {
    return new TriggerScan(triggers, text.clone(), ends.clone(), size);
  }

  /** Forgets all tokens but the first ones. */
  void truncate(int tokens) {
    size = Math.min(size, tokens);
  }

  /** Where a token's text begins. */
  int start(int token) {
    return token == 0 ? 0 : ends[token - 1];
  }

  /** A token's text from a place on; none if it ends before. */
  byte[] textFrom(int token, int from) {
    return Arrays.copyOfRange(
        text, Math.min(ends[token], Math.max(from, start(token))), ends[token]);
  }

  /**
   * Adds the next token.
   *
   * @return where the text that triggers begins, or -1 if none does
   */
  int add(int token, byte[] shown) {
    int from = start(size);
    if (size == ends.length) {
      ends = Arrays.copyOf(ends, 2 * size);
    }
    ends[size++] = from + shown.length;
    if (from + shown.length > text.length) {
      text = Arrays.copyOf(text, 2 * (from + shown.length));
    }
    System.arraycopy(shown, 0, text, from, shown.length);
    for (GrammarTrigger trigger : triggers) {
      int at = find(trigger, token, from, from + shown.length);
      if (at >= 0) {
        return at;
      }
    }
    return -1;
  }

  private int find(GrammarTrigger trigger, int token, int from, int to) {
    if (trigger instanceof GrammarTrigger.Token t) {
      return t.id() == token ? from : -1;
    }
    if (trigger instanceof GrammarTrigger.Word word) {
      byte[] wanted = word.text().getBytes(StandardCharsets.UTF_8);
      for (int i = Math.max(0, from - wanted.length + 1); i + wanted.length <= to; i++) {
        if (Arrays.equals(text, i, i + wanted.length, wanted, 0, wanted.length)) {
          return i;
        }
      }
      return -1;
    }
    return find((GrammarTrigger.Regex) trigger, to);
  }

  private int find(GrammarTrigger.Regex regex, int to) {
    String chars = new String(text, 0, to, StandardCharsets.UTF_8);
    Matcher matcher = regex.pattern().matcher(chars);
    if (!matcher.find()) {
      return -1;
    }
    int start = matcher.start();
    for (int group = matcher.groupCount(); group >= 1; group--) {
      if (matcher.start(group) >= 0 && matcher.end(group) > matcher.start(group)) {
        start = matcher.start(group);
      }
    }
    return byteIndex(chars, start, to);
  }

  /**
   * The byte at which a character begins. What is no UTF-8 was decoded to U+FFFD, one for any
   * number of bytes, so that counting from the front goes by decoding again.
   */
  private int byteIndex(String chars, int index, int to) {
    int bytes = chars.substring(0, index).getBytes(StandardCharsets.UTF_8).length;
    if (chars.indexOf('\uFFFD') < 0) {
      return bytes;
    }
    int at = 0;
    while (at < to && new String(text, 0, at, StandardCharsets.UTF_8).length() < index) {
      at++;
    }
    return at;
  }
}
