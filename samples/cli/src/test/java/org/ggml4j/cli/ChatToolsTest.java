package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.chat.Tool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tools at hand in a conversation. */
class ChatToolsTest {
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
  private final List<String> questions = new ArrayList<>();

  private ChatTools tools(boolean yes) {
    Clock clock = Clock.fixed(Instant.parse("2026-11-21T10:20:30Z"), ZoneId.of("Europe/Zurich"));
    PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
    return new ChatTools(
        clock,
        out,
        text -> {
          questions.add(text);
          return yes;
        });
  }

  private static String call(ChatTools tools, String name, String arguments) {
    return tools.tools().stream()
        .filter(tool -> tool.name().equals(name))
        .findFirst()
        .map(Tool::action)
        .orElseThrow()
        .apply(arguments);
  }

  @ParameterizedTest
  @CsvSource({
    "1 + 2 * 3, 7",
    "(1 + 2) * 3, 9",
    "0.1 + 0.2, 0.3",
    "-2^2, -4",
    "2 ^ 3 ^ 2, 512",
    "2 ** -1, 0.5",
    "2**0.5, 1.4142135623730951",
    "10 / 4, 2.5",
    "7 % 4, 3",
    "1/3, 0.3333333333333333333333333333333333",
    "sqrt(2), 1.414213562373095048801688724209698",
    "round(2.5) + abs(-1), 4",
    "1e3 - 1, 999",
    "2^100, 1267650600228229401496703205376",
    "12 × 3 ÷ 4 − 1, 8",
    "0 * 5, 0",
    "log10(1000), 3",
    "cos(0), 1"
  })
  void theCalculatorCalculates(String expression, String value) {
    assertThat(Calculator.evaluate(expression)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1 +",
        "1 2",
        "(1",
        "1/0",
        "sqrt(-1)",
        "ln(0)",
        "nothing(1)",
        "1..2",
        "10^10^10",
        "x",
        "e5"
      })
  void theCalculatorRefuses(String expression) {
    assertThatThrownBy(() -> Calculator.evaluate(expression))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("(?s).{3,}");
  }

  @Test
  void theCalculatorHasLimits() {
    for (String hostile : List.of("(".repeat(500), "-".repeat(500) + "1", "1+".repeat(600) + "1")) {
      assertThatThrownBy(() -> Calculator.evaluate(hostile))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void twoToolsAreAlwaysThereAndOffAtFirst() throws IOException {
    ChatTools tools = tools(true);
    assertThat(tools.tools()).isEmpty();
    assertThat(tools.describe()).contains("off  clock").contains("off  calculator");
    tools.turnOn("clock,calculator");
    assertThat(call(tools, "clock", "{}"))
        .isEqualTo("Saturday, 2026-11-21 11:20:30 +01:00 Europe/Zurich");
    assertThat(call(tools, "clock", "{\"zone\": \"Asia/Tokyo\"}")).contains("19:20:30");
    assertThatThrownBy(() -> call(tools, "clock", "{\"zone\": \"Moon\"}"))
        .hasMessageContaining("no time zone Moon");
    assertThat(call(tools, "calculator", "{\"expression\": \"6*7\"}")).isEqualTo("42");
    assertThat(shown.toString(StandardCharsets.UTF_8)).contains("(calculator: 42)");
    assertThat(questions).isEmpty();
    tools.turnOff("clock");
    assertThat(tools.tools()).extracting(Tool::name).containsExactly("calculator");
    tools.turnOn("all");
    assertThat(tools.tools()).hasSize(2);
    tools.turnOff("all");
    assertThat(tools.tools()).isEmpty();
    assertThatThrownBy(() -> tools.turnOn("nothing")).hasMessageContaining("clock, calculator");
    assertThatThrownBy(() -> tools.turnOff("nothing")).hasMessageContaining("clock, calculator");
  }

  private static Path program(Path folder, String name, String body) throws IOException {
    return Files.writeString(
        folder.resolve(name + ".java"),
        "class "
            + name
            + " { public static void main(String[] a) throws Exception { "
            + body
            + " } }");
  }

  private static Path file(Path folder, Path program) throws IOException {
    return Files.writeString(
        folder.resolve("tools.json"),
        """
        {"tools": [{"type": "function", "function": {"name": "echo", "description": "Repeats",
          "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}},
          "command": ["%s", "%s", "--as-is; $(x)"]}]}
        """
            .formatted(JAVA.replace("\\", "/"), program.toString().replace("\\", "/")));
  }

  @Test
  void aProgramRunsIfTheUserAllowsIt(@TempDir Path folder) throws IOException {
    Path echo =
        program(
            folder,
            "Echo",
            "System.out.print(a[0] + \" \" + new String(System.in.readAllBytes(), \"UTF-8\"));");
    ChatTools tools = tools(true);
    tools.turnOn("clock," + file(folder, echo));
    assertThat(tools.list()).containsExactly("clock", "calculator", "echo");
    assertThat(tools.describe()).contains("on   echo: Repeats (runs ");
    // No shell looks at it.
    assertThat(call(tools, "echo", "{\"text\": \"Zürich\"}"))
        .isEqualTo("--as-is; $(x) {\"text\": \"Zürich\"}");
    assertThat(questions).hasSize(1);
    assertThat(questions.get(0)).contains("Echo.java").contains("{\"text\": \"Zürich\"}");
    ChatTools refusing = tools(false);
    refusing.turnOn(file(folder, echo).toString());
    assertThat(call(refusing, "echo", "{}")).startsWith("error: the user did not allow");
  }

  @Test
  void whatAProgramDoesWrongIsTold(@TempDir Path folder) throws IOException {
    Path failing = program(folder, "Fails", "System.out.println(\"so far\"); System.exit(3);");
    assertThat(new CommandTool(List.of(JAVA, failing.toString()), 60).run("{}"))
        .isEqualTo("so far\nerror: exit code 3");
    Path endless = program(folder, "Endless", "Thread.sleep(1000000);");
    assertThat(new CommandTool(List.of(JAVA, endless.toString()), 1).run("{}"))
        .isEqualTo("error: no result within 1 seconds");
    Path large = program(folder, "Long", "System.out.print(\"x\".repeat(1000000));");
    assertThat(new CommandTool(List.of(JAVA, large.toString()), 60).run("{}")).hasSize(100_000);
    assertThatThrownBy(() -> new CommandTool(List.of("no-such-program-at-all"), 1).run("{}"))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{\"tools\": []}",
        "{\"tools\": [3]}",
        "{\"tools\": [{\"name\": \"a\", \"description\": \"b\"}]}",
        "{\"tools\": [{\"name\": \"a\", \"description\": \"b\", \"command\": [3]}]}",
        "{\"tools\": [{\"name\": \"a b\", \"description\": \"b\", \"command\": [\"c\"]}]}",
        "{\"tools\": [{\"description\": \"b\", \"command\": [\"c\"]}]}"
      })
  void aFileMustNameToolsAndTheirPrograms(String json, @TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("tools.json"), json);
    ChatTools tools = tools(true);
    assertThatThrownBy(() -> tools.turnOn(file.toString()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(tools.list()).hasSize(2);
    assertThat(tools.tools()).isEmpty();
  }

  @Test
  void commandsAndNamesAreCompleted() {
    ChatCompleter completer = new ChatCompleter(() -> List.of("clock", "calculator"));
    assertThat(completer.words(List.of("/to"), 0)).contains("/tools", "/image", "/help");
    assertThat(completer.words(List.of("/tools", ""), 1)).containsExactly("on", "off");
    assertThat(completer.words(List.of("/tools", "on", "c"), 2))
        .containsExactly("clock", "calculator", "all");
    assertThat(completer.words(List.of("/save", "c"), 1)).isEmpty();
  }
}
