package org.ggml4j.eval;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The text formats of tasks: HellaSwag's groups of six lines, WinoGrande's table. */
final class TaskLines {
  private static final int LINES = 6;
  private static final int ENDINGS = 4;
  private static final int SEPARATORS = 4;

  private final Path file;
  private final List<String> lines;

  /**
   * @throws TaskFormatException if the file is not UTF-8, or empty
   */
  TaskLines(Path file) throws IOException {
    this.file = file;
    lines = new ArrayList<>(decode(Files.readAllBytes(file)).lines().toList());
    while (!lines.isEmpty() && lines.get(lines.size() - 1).isBlank()) {
      lines.remove(lines.size() - 1);
    }
    if (lines.isEmpty()) {
      throw bad(0, "expected tasks, found an empty file");
    }
  }

  private String decode(byte[] bytes) throws IOException {
    CharBuffer text = CharBuffer.allocate(bytes.length);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, text, true);
    if (result.isError()) {
      int line = 0;
      for (int i = 0; i < in.position(); i++) {
        if (bytes[i] == '\n') {
          line++;
        }
      }
      throw bad(line, "expected UTF-8, found byte " + (bytes[in.position()] & 0xff));
    }
    return text.flip().toString();
  }

  /** A context, the number of the right ending, four endings. */
  List<ChoiceTask> hellaSwag() throws IOException {
    if (lines.size() % LINES != 0) {
      throw bad(
          lines.size() - 1,
          "expected a multiple of 6 lines (context, number of the right ending, four endings),"
              + " found "
              + lines.size());
    }
    List<ChoiceTask> tasks = new ArrayList<>();
    for (int i = 0; i < lines.size(); i += LINES) {
      int right = number(lines.get(i + 1));
      if (right < 0 || right >= ENDINGS) {
        throw bad(i + 1, "expected the number of the right ending, 0 to 3, " + found(i + 1));
      }
      tasks.add(
          new ChoiceTask.Continuation(
              lines.get(i), lines.subList(i + 2, i + LINES), Set.of(right)));
    }
    return tasks;
  }

  /** Index, sentence with _, first filling, second filling, 1 or 2. */
  List<ChoiceTask> winogrande() throws IOException {
    List<ChoiceTask> tasks = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        tasks.add(winogrande(i));
      }
    }
    return tasks;
  }

  private ChoiceTask winogrande(int at) throws IOException {
    String line = lines.get(at);
    int[] comma = separators(line);
    if (comma.length < SEPARATORS) {
      throw bad(
          at,
          "expected index,sentence,first choice,second choice,answer, found "
              + comma.length
              + " commas outside quotes");
    }
    String sentence = line.substring(comma[0] + 1, comma[1]);
    if (sentence.length() > 1 && sentence.startsWith("\"")) {
      sentence = sentence.substring(1, sentence.length() - 1);
    }
    int gap = sentence.indexOf('_');
    if (gap < 0) {
      throw bad(at, "expected a _ in the sentence, found \"" + sentence + "\"");
    }
    int answer = number(line.substring(comma[3] + 1));
    if (answer != 1 && answer != 2) {
      throw bad(at, "expected the answer 1 or 2, found \"" + line.substring(comma[3] + 1) + "\"");
    }
    return new ChoiceTask.Gap(
        sentence.substring(0, gap),
        List.of(line.substring(comma[1] + 1, comma[2]), line.substring(comma[2] + 1, comma[3])),
        sentence.substring(gap + 1),
        answer - 1);
  }

  /** Where the first commas outside quotes are. */
  private static int[] separators(String line) {
    int[] found = new int[SEPARATORS];
    int n = 0;
    boolean quoted = false;
    for (int i = 0; i < line.length() && n < SEPARATORS; i++) {
      char c = line.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        found[n++] = i;
      }
    }
    return Arrays.copyOf(found, n);
  }

  /** A number, or -1. */
  private static int number(String text) {
    String digits = text.strip();
    return digits.matches("[0-9]{1,4}") ? Integer.parseInt(digits) : -1;
  }

  private String found(int line) {
    String text = lines.get(line);
    return "found \"" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "\"";
  }

  private TaskFormatException bad(int line, String problem) {
    return new TaskFormatException(file, "line " + (line + 1), problem);
  }
}
