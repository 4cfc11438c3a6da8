package org.ggml4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads texts that a NUL byte ends each; the last may lack it. Keeps one text at a time. */
final class NulTexts {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int at;
  private int end;

  NulTexts(InputStream in) {
    this.in = in;
  }

  /** The next text; empty at the end of the input. */
  Optional<String> next() throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    boolean any = false;
    while (fill()) {
      any = true;
      int begin = at;
      while (at < end && buffer[at] != 0) {
        at++;
      }
      text.write(buffer, begin, at - begin);
      if (at < end) {
        at++;
        break;
      }
    }
    return any ? Optional.of(text.toString(StandardCharsets.UTF_8)) : Optional.empty();
  }

  /**
   * @return false at the end of the input
   */
  private boolean fill() throws IOException {
    if (at < end) {
      return true;
    }
    at = 0;
    end = Math.max(0, in.read(buffer));
    return end > 0;
  }
}
