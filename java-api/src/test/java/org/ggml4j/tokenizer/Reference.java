package org.ggml4j.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A command that tokenizes as llama.cpp does, such as a small program on its library.
 *
 * <p>It is run with three or four more arguments: the vocabulary, a file of strings in UTF-8, each
 * ended by U+0000, a file to write, and, if so wanted, {@code special}, which asks for the text of
 * control tokens to be read as control tokens. It writes a line of token ids for each string,
 * without begin- and end-of-text tokens.
 */
final class Reference {
  private final List<String> command;

  Reference(List<String> command) {
    this.command = List.copyOf(command);
  }

  /** The tokens of each string. */
  List<int[]> tokens(Path vocab, List<String> texts, boolean special)
      throws IOException, InterruptedException {
    Path strings = Files.createTempFile("strings", ".bin");
    Path tokens = Files.createTempFile("tokens", ".txt");
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (String text : texts) {
        bytes.writeBytes(Utf8.encode(text));
        bytes.write(0);
      }
      Files.write(strings, bytes.toByteArray());
      List<String> line = new ArrayList<>(command);
      line.addAll(List.of(vocab.toString(), strings.toString(), tokens.toString()));
      if (special) {
        line.add("special");
      }
      Process process = new ProcessBuilder(line).inheritIO().start();
      if (process.waitFor() != 0) {
        throw new IOException(line + " failed with status " + process.exitValue());
      }
      List<int[]> found = Files.readAllLines(tokens).stream().map(Reference::ids).toList();
      if (found.size() != texts.size()) {
        throw new IOException(found.size() + " lines for " + texts.size() + " strings");
      }
      return found;
    } finally {
      Files.deleteIfExists(strings);
      Files.deleteIfExists(tokens);
    }
  }

  private static int[] ids(String line) {
    return Arrays.stream(line.split(" "))
        .filter(s -> !s.isEmpty())
        .mapToInt(Integer::parseInt)
        .toArray();
  }
}
