package org.ggml4j.eval;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The binary format of multiple-choice tasks, little endian: how many (u32), where in the file each
 * begins (u32), and of each the question, the answers with one right, and the answers with several
 * right, which are not used. A text is its length in bytes (u32) and UTF-8; answers are their
 * number (u32), texts, and a label for each (i32), 1 if it is right.
 */
final class TaskBinary {
  private static final int MOST_ANSWERS = 100;

  private final Path file;
  private final ByteBuffer in;

  TaskBinary(Path file) throws IOException {
    this.file = file;
    in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
  }

  List<ChoiceTask> tasks() throws IOException {
    long n = count("the number of tasks");
    if (n == 0) {
      throw bad(0, "expected tasks, found 0");
    }
    if (n > in.remaining() / Integer.BYTES) {
      throw bad(
          0,
          "expected the positions of "
              + n
              + " tasks, found "
              + in.remaining()
              + " bytes: this is no file of multiple-choice tasks, or a part of one");
    }
    int first = Integer.BYTES * (int) (n + 1);
    List<ChoiceTask> tasks = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int at = Integer.BYTES * (i + 1);
      long position = Integer.toUnsignedLong(in.getInt(at));
      if (position < first || position >= in.limit()) {
        throw bad(
            at,
            "task "
                + i
                + ": expected a position from "
                + first
                + " to "
                + (in.limit() - 1)
                + ", found "
                + position);
      }
      in.position((int) position);
      tasks.add(task());
    }
    return tasks;
  }

  private ChoiceTask task() throws IOException {
    String question = text("a question", 1);
    List<String> answers = new ArrayList<>();
    Set<Integer> right = answers(answers, 1);
    answers(new ArrayList<>(), 0); // several right ones: llama-perplexity reads over them too
    return new ChoiceTask.Continuation(question, answers, right);
  }

  private Set<Integer> answers(List<String> into, int least) throws IOException {
    int at = in.position();
    long n = count("the number of answers");
    if (n < least || n > MOST_ANSWERS) {
      throw bad(at, "expected " + least + " to " + MOST_ANSWERS + " answers, found " + n);
    }
    for (int i = 0; i < n; i++) {
      into.add(text("an answer", least));
    }
    Set<Integer> right = new HashSet<>();
    for (int i = 0; i < n; i++) {
      need(Integer.BYTES, "a label");
      if (in.getInt() == 1) {
        right.add(i);
      }
    }
    return right;
  }

  private String text(String what, int least) throws IOException {
    int at = in.position();
    long n = count("the length of " + what);
    if (n < least) {
      throw bad(at, "expected " + what + ", found an empty one");
    }
    need(n, what + " of " + n + " bytes");
    ByteBuffer bytes = in.slice(in.position(), (int) n);
    in.position(in.position() + (int) n);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw bad(at + Integer.BYTES + bytes.position(), "expected UTF-8, found something else");
    }
  }

  private long count(String what) throws IOException {
    need(Integer.BYTES, what);
    return Integer.toUnsignedLong(in.getInt());
  }

  private void need(long bytes, String what) throws IOException {
    if (in.remaining() < bytes) {
      throw bad(
          in.position(), "expected " + what + ", found the end after " + in.remaining() + " bytes");
    }
  }

  private TaskFormatException bad(int offset, String problem) {
    return new TaskFormatException(file, "byte " + offset, problem);
  }
}
