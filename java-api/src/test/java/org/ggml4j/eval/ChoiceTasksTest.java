package org.ggml4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.ggml4j.eval.ChoiceTasks.Format;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChoiceTasksTest {
  private static final String HELLASWAG = "Eating: He sits.\n2\nA.\nB.\nC.\nD.\n";

  @TempDir private Path folder;

  private Path file(byte[] content) throws IOException {
    return Files.write(folder.resolve("tasks"), content);
  }

  private List<ChoiceTask> read(Format format, String content) throws IOException {
    return ChoiceTasks.read(file(content.getBytes(StandardCharsets.UTF_8)), format);
  }

  @Test
  void sixLinesAreATaskOfHellaSwag() throws IOException {
    assertThat(read(Format.HELLASWAG, HELLASWAG + HELLASWAG.replace("\n", "\r\n") + "\n\n"))
        .hasSize(2)
        .allSatisfy(
            task -> {
              assertThat(task.right()).containsExactly(2);
              assertThat(task.texts())
                  .containsExactly(
                      "Eating: He sits. A.",
                      "Eating: He sits. B.",
                      "Eating: He sits. C.",
                      "Eating: He sits. D.");
            });
  }

  @Test
  void aLineIsATaskOfWinogrande() throws IOException {
    assertThat(
            read(
                Format.WINOGRANDE,
                "0,Ann met Bea and _ left.,Ann,Bea,1\n\n7,\"Well, _, go.\",Ann,Bea,2"))
        .containsExactly(
            new ChoiceTask.Gap("Ann met Bea and ", List.of("Ann", "Bea"), " left.", 0),
            new ChoiceTask.Gap("Well, ", List.of("Ann", "Bea"), ", go.", 1));
  }

  @Test
  void questionsHaveAnyNumberOfAnswers() throws IOException {
    Binary tasks = new Binary();
    tasks.task("Why?", List.of("So.", "Thus.", "\u00fc"), 0, 0, 1).answers(List.of());
    tasks.task("Who?", List.of("I."), 1).answers(List.of("I.", "You."), 1, 1);
    assertThat(ChoiceTasks.read(file(tasks.bytes()), Format.MULTIPLE_CHOICE))
        .containsExactly(
            new ChoiceTask.Continuation("Why?", List.of("So.", "Thus.", "\u00fc"), Set.of(2)),
            new ChoiceTask.Continuation("Who?", List.of("I."), Set.of(0)));
  }

  @Test
  void whatIsNotATextOfTasksIsSaidWithItsLine() throws IOException {
    assertBad(Format.HELLASWAG, "", "line 1", "empty");
    assertBad(Format.HELLASWAG, HELLASWAG + "more\n", "line 7", "found 7");
    assertBad(Format.HELLASWAG, HELLASWAG.replace("2", "4"), "line 2", "found \"4\"");
    assertBad(Format.HELLASWAG, HELLASWAG.replace("2", "two"), "line 2", "found \"two\"");
    assertBad(Format.WINOGRANDE, "0,No gap.,A,B,1", "line 1", "_");
    assertBad(Format.WINOGRANDE, "0,A _.,A,B,1\n1,A _.,A,B,3", "line 2", "found \"3\"");
    assertBad(Format.WINOGRANDE, "0,A _.,A,B", "line 1", "3 commas");
    assertBad(Format.WINOGRANDE, "0,\"A, _.,A,B,1", "line 1", "1 commas");
    byte[] notUtf8 = (HELLASWAG + HELLASWAG).getBytes(StandardCharsets.UTF_8);
    notUtf8[HELLASWAG.length()] = (byte) 0xff;
    assertBad(Format.HELLASWAG, notUtf8, "line 7", "found byte 255");
  }

  private void assertBad(Format format, String content, String place, String problem)
      throws IOException {
    assertBad(format, content.getBytes(StandardCharsets.UTF_8), place, problem);
  }

  private void assertBad(Format format, byte[] content, String place, String problem)
      throws IOException {
    Path path = file(content);
    TaskFormatException e =
        catchThrowableOfType(TaskFormatException.class, () -> ChoiceTasks.read(path, format));
    assertThat(e).as(problem).isNotNull();
    assertThat(e.place()).isEqualTo(place);
    assertThat(e).hasMessageContaining(problem).hasMessageContaining(path.toString());
  }

  @Test
  void whereverABinaryFileEndsItIsSaid() throws IOException {
    Binary tasks = new Binary();
    tasks.task("Why?", List.of("So.", "Thus."), 0, 1).answers(List.of());
    byte[] whole = tasks.bytes();
    for (int n = 0; n < whole.length; n++) {
      Path cut = file(Arrays.copyOf(whole, n));
      assertThat(
              catchThrowableOfType(
                  TaskFormatException.class, () -> ChoiceTasks.read(cut, Format.MULTIPLE_CHOICE)))
          .as("%s bytes", n)
          .isNotNull();
    }
  }

  @Test
  void whatIsNotABinaryFileOfTasksIsSaidWithItsByte() throws IOException {
    Binary tasks = new Binary();
    tasks.task("Why?", List.of("So.", "Thus."), 0, 1).answers(List.of());
    byte[] good = tasks.bytes();
    assertBad(Format.MULTIPLE_CHOICE, with(good, 0, 0), "byte 0", "found 0");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 0, -1), "byte 0", "positions of 4294967295 tasks");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 4, 4), "byte 4", "found 4");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 4, good.length), "byte 4", "position");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 8, 0), "byte 8", "an empty one");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 8, -1), "byte 12", "of 4294967295 bytes");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 16, 101), "byte 16", "found 101");
    assertBad(Format.MULTIPLE_CHOICE, with(good, 16, 0), "byte 16", "found 0");
    good[24] = (byte) 0xff;
    assertBad(Format.MULTIPLE_CHOICE, good, "byte 24", "UTF-8");
  }

  private static byte[] with(byte[] bytes, int at, int value) {
    byte[] changed = bytes.clone();
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
    return changed;
  }

  /** Section 26.5.5 of the C++ standard says what the 10000th is. */
  @Test
  void theTwisterIsThatOfTheStandard() {
    MersenneTwister twister = new MersenneTwister(5489);
    IntStream.range(0, 9999).forEach(i -> twister.nextInt());
    assertThat(Integer.toUnsignedLong(twister.nextInt())).isEqualTo(4123659995L);
  }

  @Test
  void aSelectionTakesEachTaskOnce() throws IOException {
    List<ChoiceTask> tasks =
        IntStream.range(0, 50)
            .<ChoiceTask>mapToObj(
                i -> new ChoiceTask.Continuation("q" + i, List.of("a", "b"), Set.of(0)))
            .toList();
    for (Format format : Format.values()) {
      List<ChoiceTask> some = ChoiceTasks.select(tasks, format, 20, 1);
      assertThat(some).hasSize(20).doesNotHaveDuplicates().isSubsetOf(tasks);
      assertThat(ChoiceTasks.select(tasks, format, 20, 1)).isEqualTo(some);
      assertThat(ChoiceTasks.select(tasks, format, 20, 2)).isNotEqualTo(some);
      assertThat(ChoiceTasks.select(tasks, format, 1000, 1))
          .containsExactlyInAnyOrderElementsOf(tasks);
    }
    assertThat(ChoiceTasks.select(tasks, Format.WINOGRANDE, 50, 1)).isEqualTo(tasks);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ChoiceTasks.select(tasks, Format.HELLASWAG, 0, 1))
        .withMessageContaining("found 0");
  }

  @Test
  void aTaskKnowsItsChoices() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChoiceTask.Continuation("q", List.of(), Set.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChoiceTask.Continuation("q", List.of("a"), Set.of(1)))
        .withMessageContaining("found 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChoiceTask.Gap("", List.of("a", "b", "c"), "", 0));
  }

  /** Writes the binary format. */
  private static final class Binary {
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private final List<Integer> positions = new ArrayList<>();

    Binary task(String question, List<String> answers, int... labels) {
      positions.add(body.size());
      text(question);
      return answers(answers, labels);
    }

    Binary answers(List<String> answers, int... labels) {
      number(answers.size());
      answers.forEach(this::text);
      IntStream.of(labels).forEach(this::number);
      return this;
    }

    private void text(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      number(bytes.length);
      body.writeBytes(bytes);
    }

    private void number(int n) {
      body.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).array());
    }

    byte[] bytes() {
      int head = 4 * (positions.size() + 1);
      ByteBuffer all = ByteBuffer.allocate(head + body.size()).order(ByteOrder.LITTLE_ENDIAN);
      all.putInt(positions.size());
      positions.forEach(p -> all.putInt(head + p));
      return all.put(body.toByteArray()).array();
    }
  }
}
