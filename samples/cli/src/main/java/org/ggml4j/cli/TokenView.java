package org.ggml4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Piece;
import org.ggml4j.tokenizer.Tokenizer;

/** Writes the tokens of a text in one of several ways. */
final class TokenView {
  private static final int FLUSHED = 1 << 13;

  // Backgrounds of neighbouring pieces, on which black text is readable.
  private static final String[] COLORS = {
    "\033[30;106m", "\033[30;103m", "\033[30;102m", "\033[30;105m"
  };
  private static final String PLAIN = "\033[0m";

  private final Tokenizer tokenizer;
  private final EncodeOptions options;
  private final PrintStream out;
  private final StringBuilder text = new StringBuilder();

  TokenView(Tokenizer tokenizer, EncodeOptions options, PrintStream out) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.out = out;
  }

  /** The number of tokens. */
  void count(String source) {
    out.println(tokenizer.countTokens(source, options));
  }

  /** Ids, separated by spaces. */
  void ids(String source) {
    int[] ids = tokenizer.encode(source, options);
    for (int i = 0; i < ids.length; i++) {
      text.append(i == 0 ? "" : " ").append(ids[i]);
      flush(FLUSHED);
    }
    text.append('\n');
    flush(0);
  }

  /** A line for each token: id, the characters that it covers if wanted, what it prints. */
  void lines(String source, boolean offsets) {
    if (!offsets) {
      for (int id : tokenizer.encode(source, options)) {
        column(id);
        text.append("  ").append(Quoted.bytes(tokenizer.tokenBytes(id, true))).append('\n');
        flush(FLUSHED);
      }
    } else {
      for (Piece piece : tokenizer.encodePieces(source, options)) {
        column(piece.id());
        column(piece.start());
        column(piece.end());
        text.append("  ").append(Quoted.text(source.substring(piece.start(), piece.end())));
        text.append('\n');
        flush(FLUSHED);
      }
    }
    flush(0);
  }

  private void column(int number) {
    String digits = Integer.toString(number);
    text.append(" ".repeat(Math.max(0, 7 - digits.length()))).append(digits);
  }

  /** The text with its pieces in changing colours, then how many there are. */
  void colored(String source) {
    List<Piece> pieces = tokenizer.encodePieces(source, options);
    int n = 0;
    int done = 0;
    for (Piece piece : pieces) {
      // Several tokens may share a character; it is shown once, with the first of them.
      int start = Math.max(done, piece.start());
      if (piece.end() <= start) {
        n++;
        continue;
      }
      String color = COLORS[n++ % COLORS.length];
      text.append(color);
      for (int i = start; i < piece.end(); i++) {
        char c = source.charAt(i);
        if (c == '\n') {
          // The colour ends with the line, or the terminal would go on with it to its edge.
          text.append('⏎').append(PLAIN).append('\n').append(i + 1 < piece.end() ? color : "");
        } else {
          text.append(Character.isISOControl(c) ? '·' : c);
        }
      }
      text.append(PLAIN);
      done = piece.end();
      flush(FLUSHED);
    }
    text.append(source.endsWith("\n") || source.isEmpty() ? "" : "\n");
    text.append(pieces.size()).append(pieces.size() == 1 ? " token, " : " tokens, ");
    text.append(source.codePointCount(0, source.length())).append(" characters\n");
    flush(0);
  }

  /** An object with ids, what they print, and, if wanted, the characters that each covers. */
  void json(String source, boolean offsets, Json lines) throws IOException {
    List<Piece> pieces = tokenizer.encodePieces(source, options);
    lines.line(
        o -> {
          o.writeArrayFieldStart("ids");
          for (Piece piece : pieces) {
            o.writeNumber(piece.id());
          }
          o.writeEndArray();
          o.writeArrayFieldStart("pieces");
          for (Piece piece : pieces) {
            o.writeString(
                new String(tokenizer.tokenBytes(piece.id(), true), StandardCharsets.UTF_8));
          }
          o.writeEndArray();
          if (offsets) {
            o.writeArrayFieldStart("offsets");
            for (Piece piece : pieces) {
              o.writeStartArray();
              o.writeNumber(piece.start());
              o.writeNumber(piece.end());
              o.writeEndArray();
            }
            o.writeEndArray();
          }
        });
  }

  private void flush(int limit) {
    if (text.length() > limit) {
      out.print(text);
      text.setLength(0);
    }
  }
}
