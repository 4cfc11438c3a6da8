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
  void messagesMayHaveSeveralLines() {
    Cli.Result result = chat("a\\\nb\n\"\"\"\nc\nd\n\"\"\"\n/history\n");
    assertThat(result.out()).contains("user: a\nb\n").contains("user: c\nd\n");
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
