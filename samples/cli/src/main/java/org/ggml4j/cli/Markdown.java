package org.ggml4j.cli;

import java.io.PrintStream;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.ToolCall;

/** Writes a reply to a terminal as it comes: reasoning dimmed, Markdown's marks as its colours. */
final class Markdown implements ReplyListener {
  static final String RESET = "\u001b[0m";
  static final String DIM = "\u001b[2m";
  private static final String BOLD = "\u001b[1m";
  private static final String CODE = "\u001b[36m";

  private final PrintStream out;
  private final StringBuilder pending = new StringBuilder();
  private boolean thinks;
  private boolean bold;
  private boolean code;
  private boolean fence;
  private boolean heading;
  private boolean lineBegin = true;

  Markdown(PrintStream out) {
    this.out = out;
  }

  @Override
  public void reasoning(String text) {
    if (!thinks) {
      out.print(DIM);
      thinks = true;
    }
    print(text);
  }

  @Override
  public void toolCall(ToolCall call) {
    out.print(DIM);
    print("[" + call.name() + " " + call.arguments() + "]");
    out.println(RESET);
    out.flush();
  }

  @Override
  public void answer(String text) {
    if (thinks) {
      out.println(RESET);
      thinks = false;
    }
    for (int i = 0; i < text.length(); i++) {
      accept(text.charAt(i));
    }
    if (pending.length() > 0 && !isMark(pending.charAt(0))) {
      flush();
    }
    out.flush();
  }

  private static boolean isMark(char c) {
    return c == '*' || c == '`' || c == '#';
  }

  /** Marks of the same kind are gathered, since what they mean is in how many there are. */
  private void accept(char c) {
    if (pending.length() > 0 && pending.charAt(0) != c) {
      flush();
    }
    if (isMark(c)) {
      pending.append(c);
      return;
    }
    if (c == '\n') {
      if (heading) {
        out.print(RESET);
        heading = false;
      }
      out.print('\n');
      lineBegin = true;
      return;
    }
    print(String.valueOf(c));
    lineBegin = lineBegin && c == ' ';
  }

  private void flush() {
    int n = pending.length();
    char c = n == 0 ? 0 : pending.charAt(0);
    String text = pending.toString();
    pending.setLength(0);
    if (c == '`' && n >= 3 && lineBegin) {
      fence = !fence;
      out.print(fence ? CODE : RESET);
    } else if (fence) {
      print(text);
    } else if (c == '`' && n == 1) {
      code = !code;
      style();
    } else if (c == '*' && n == 2 && !code) {
      bold = !bold;
      style();
    } else if (c == '#' && lineBegin && n <= 6) {
      heading = true;
      style();
    } else {
      print(text);
    }
    lineBegin = false;
  }

  private void style() {
    out.print(RESET);
    out.print(bold || heading ? BOLD : "");
    out.print(code ? CODE : "");
  }

  /** A model can't send the terminal commands. */
  private void print(String text) {
    out.print(printable(text));
    out.flush();
  }

  /** A text without what would be a command to a terminal. */
  static String printable(String text) {
    StringBuilder shown = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      shown.append(Character.isISOControl(c) && c != '\n' && c != '\t' ? '\uFFFD' : c);
    }
    return shown.toString();
  }
}
