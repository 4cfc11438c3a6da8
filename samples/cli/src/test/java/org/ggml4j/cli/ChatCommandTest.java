package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations through a pipe, with the model that comes with the command. */
class ChatCommandTest {
  private static Cli.Result chat(String input, String... more) {
    String[] args = new String[more.length + 7];
    System.arraycopy(
        new String[] {"chat", "--threads", "1", "--temp", "0", "-n", "12"}, 0, args, 0, 7);
    System.arraycopy(more, 0, args, 7, more.length);
    return Cli.runWith(input, args);
  }

  @Test
  void aMessageALineAndAReplyEach() {
    Cli.Result result = chat("Once upon a time\nThe dog\n");
    assertThat(result.code()).isZero();
    assertThat(result.out().lines()).hasSizeGreaterThanOrEqualTo(2);
    assertThat(result.out()).doesNotContain("\u001b");
    assertThat(result.err()).contains("story teller").contains("kept");
  }

  @Test
  void commandsChangeTheConversation(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("chat.json");
    Cli.Result result =
        chat(
            "Once upon a time\n/save "
                + file
                + "\n/undo\n/history\n/undo\n/load "
                + file
                + "\n/history\n/stats\n/regenerate\n/nothing\n/save\n/exit\nnever read\n");
    assertThat(result.code()).isZero();
    assertThat(Files.readString(file)).contains("Once upon a time").contains("assistant");
    assertThat(result.out()).contains("user: Once upon a time").contains("1 replies;");
    assertThat(result.out()).doesNotContain("never read");
    assertThat(result.err())
        .contains("nothing to take back")
        .contains("no command /nothing")
        .contains("a file is missing");
    Cli.Result again = chat("/history\n", "--load", file.toString(), "--system", "");
    assertThat(again.out()).contains("user: Once upon a time");
  }

  @Test
  void aTemplateOfOnesOwnReplacesTheModels(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("chat.jinja");
    Files.writeString(file, "{{ raise_exception('no ' ~ messages[0].content) }}");
    Cli.Result result = chat("Once\n", "--chat-template-file", file.toString());
    assertThat(result.err()).contains("no Once");

    Files.writeString(file, "a\n{% if %}");
    Cli.Result wrong = chat("Once\n", "--chat-template-file", file.toString());
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("--chat-template-file").contains("2:7");

    Cli.Result missing = chat("Once\n", "--chat-template-file", folder + "/none");
    assertThat(missing.code()).isNotZero();
    assertThat(missing.err().lines()).hasSize(1);
  }

  @Test
  void messagesMayHaveSeveralLines() {
    Cli.Result result = chat("a\\\nb\n\"\"\"\nc\nd\n\"\"\"\n/history\n");
    assertThat(result.out()).contains("user: a\nb\n").contains("user: c\nd\n");
  }

  @Test
  void toolsAreListedAndTurnedOnAndOff(@TempDir Path folder) throws IOException {
    Cli.Result result =
        chat(
            "/tools\n/tools on clock\n/tools\n/tools off\n/tools on nothing\n/tools what\n"
                + "/image cat.png\n/help\n");
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("off  clock: The date").contains("on   clock: The date");
    assertThat(result.out()).contains("/tools on X").contains("/image FILE");
    assertThat(result.err())
        .contains("calls will be read as text")
        .contains("no tool and no file 'nothing'")
        .contains("not what")
        .contains("No model that sees images is supported");
    Path file =
        Files.writeString(
            folder.resolve("tools.json"),
            "{\"tools\": [{\"name\": \"x\", \"description\": \"X\", \"command\": [\"no\"]}]}");
    Cli.Result on = chat("/tools\n", "--tools", "calculator," + file);
    assertThat(on.out()).contains("on   calculator").contains("on   x: X (runs no)");
    Cli.Result wrong = chat("", "--tools", "nothing");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("--tools: there is no tool and no file 'nothing'");
  }

  @Test
  void samplingAndConstraintsAreThoseOfGenerate() {
    Cli.Result held =
        chat(
            "Once upon a time\nThe dog\n",
            "--choices",
            "yes,no",
            "--top-k",
            "5",
            "--repeat-penalty",
            "1.1",
            "--ctx",
            "256");
    assertThat(held.code()).isZero();
    assertThat(held.out().lines().filter(line -> !line.isBlank()))
        .hasSize(2)
        .allMatch(line -> line.equals("yes") || line.equals("no"));
    Cli.Result json =
        chat("A number.\n", "-j", "{\"type\": \"integer\", \"minimum\": 3, \"maximum\": 5}");
    assertThat(json.out().strip()).matches("[345]");
    Cli.Result stopped = chat("Once upon a time\n", "--stop", "e");
    assertThat(stopped.out()).doesNotContain("e");
    Cli.Result both = chat("", "--tools", "clock", "--regex", "a");
    assertThat(both.code()).isEqualTo(2);
    assertThat(both.err()).contains("no tool can be called");
    assertThat(chat("/tools on\n", "--regex", "a").err()).contains("no tool can be called");
    assertThat(chat("", "--top-p", "7").code()).isEqualTo(2);
    assertThat(chat("", "--logprobs", "2").code()).isEqualTo(2);
  }

  @Test
  void markdownBecomesStylesAndCommandsToTheTerminalDoNot() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      Markdown markdown = new Markdown(out);
      markdown.reasoning("hm");
      for (String piece : "# T\n**b** `c` 2 * 3 \u001b[31m\n```java\nx**y\n```\n".split("")) {
        markdown.answer(piece);
      }
      markdown.answer("end");
    }
    String text = bytes.toString(StandardCharsets.UTF_8);
    assertThat(text).startsWith("\u001b[2mhm\u001b[0m");
    assertThat(text).contains("\u001b[1mb\u001b[0m").contains("\u001b[36mc\u001b[0m");
    assertThat(text).contains("2 * 3 \uFFFD[31m").contains("x**y");
  }
}
