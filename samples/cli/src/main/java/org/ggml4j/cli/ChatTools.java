package org.ggml4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.chat.Json;
import org.ggml4j.chat.Tool;
import org.jspecify.annotations.Nullable;

/**
 * The tools at hand in a conversation, and which of them are on. Two are always there, which do
 * nothing but tell something; others are outside programs that a file names, and run only if the
 * user allows it.
 */
final class ChatTools {
  private static final long SECONDS = 60;
  private static final int MAX_SHOWN = 200;

  /** The time somewhere. */
  record Where(Optional<String> zone) {}

  /** What to work out. */
  record Expression(String expression) {}

  /** Asks the user. */
  interface Question {
    boolean ask(String text);
  }

  private record Entry(Tool tool, String program) {}

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Set<String> on = new LinkedHashSet<>();
  private final PrintStream shown;
  private final Question question;

  /**
   * @param shown gets a line for each result
   * @param question whether a program may run
   */
  ChatTools(Clock clock, PrintStream shown, Question question) {
    this.shown = shown;
    this.question = question;
    add(
        Tool.of(
            "clock",
            "The date and time now, here or in a time zone such as Europe/Zurich",
            Where.class,
            where -> time(clock, where.zone())),
        "");
    add(
        Tool.of(
            "calculator",
            "Works out an expression: numbers, + - * / % ^, parentheses, pi, e, and functions such"
                + " as sqrt(2)",
            Expression.class,
            e -> Calculator.evaluate(e.expression())),
        "");
  }

  private static String time(Clock clock, Optional<String> zone) {
    try {
      ZoneId where = zone.isPresent() ? ZoneId.of(zone.get()) : clock.getZone();
      return DateTimeFormatter.ofPattern("EEEE, yyyy-MM-dd HH:mm:ss xxx VV", Locale.ENGLISH)
          .format(ZonedDateTime.now(clock.withZone(where)));
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("there is no time zone " + zone.orElse(""), e);
    }
  }

  private void add(Tool tool, String program) {
    Tool told =
        new Tool(
            tool.name(),
            tool.description(),
            tool.parameters(),
            arguments -> {
              String result = tool.action().apply(arguments);
              String line = result.replace('\n', ' ');
              String part = line.length() > MAX_SHOWN ? line.substring(0, MAX_SHOWN) + "..." : line;
              shown.println("(" + tool.name() + ": " + Markdown.printable(part) + ")");
              return result;
            });
    entries.put(tool.name(), new Entry(told, program));
  }

  /**
   * Adds the tools of a file, and turns them on: {@code {"tools": [{"name": ..., "description":
   * ..., "parameters": SCHEMA, "command": ["program", "argument"]}]}}. A tool may also be in the
   * form {@code {"type": "function", "function": {...}, "command": [...]}}.
   *
   * @throws IllegalArgumentException if it has another form; nothing changes then
   */
  void load(Path file) throws IOException {
    Map<String, @Nullable Object> json =
        Json.parseObject(Files.readString(file, StandardCharsets.UTF_8));
    if (!(json.get("tools") instanceof List<?> list) || list.isEmpty()) {
      throw new IllegalArgumentException(file + ": expected an object with a list 'tools'");
    }
    Map<String, CommandTool> programs = new LinkedHashMap<>();
    List<Tool> tools = new ArrayList<>();
    for (Object one : list) {
      if (!(one instanceof Map<?, ?> entry)) {
        throw new IllegalArgumentException(file + ": a tool is an object, not " + one);
      }
      Map<?, ?> function = entry.get("function") instanceof Map<?, ?> inner ? inner : entry;
      String name = text(file, function, "name");
      CommandTool program = new CommandTool(command(file, name, entry), SECONDS);
      Object parameters = function.get("parameters");
      tools.add(
          new Tool(
              name,
              text(file, function, "description"),
              parameters == null ? "{\"type\": \"object\"}" : Json.write(parameters),
              arguments -> run(name, program, arguments)));
      programs.put(name, program);
    }
    for (Tool tool : tools) {
      add(tool, String.valueOf(programs.get(tool.name())));
      on.add(tool.name());
    }
  }

  private static String text(Path file, Map<?, ?> of, String key) {
    if (of.get(key) instanceof String text && !text.isBlank()) {
      return text;
    }
    throw new IllegalArgumentException(file + ": a tool has a text '" + key + "'");
  }

  private static List<String> command(Path file, String name, Map<?, ?> entry) {
    List<String> command = new ArrayList<>();
    if (entry.get("command") instanceof List<?> parts) {
      for (Object part : parts) {
        command.add(part instanceof String text ? text : "");
      }
    }
    if (command.isEmpty() || command.get(0).isBlank()) {
      throw new IllegalArgumentException(
          file
              + ": the tool '"
              + name
              + "' has a list 'command', the program to run and its arguments");
    }
    return command;
  }

  private String run(String name, CommandTool program, String arguments) {
    if (!question.ask("Run '" + program + "' for " + name + " " + arguments + "?")) {
      return "error: the user did not allow to run this tool";
    }
    try {
      return program.run(arguments);
    } catch (IOException e) {
      return "error: " + e.getMessage();
    }
  }

  /** Turns on what a list names: tools at hand, {@code all}, and files with others. */
  void turnOn(String list) throws IOException {
    for (String part : list.split("[,\\s]+", -1)) {
      if (part.equals("all")) {
        on.addAll(entries.keySet());
      } else if (entries.containsKey(part)) {
        on.add(part);
      } else if (Files.isRegularFile(Path.of(part))) {
        load(Path.of(part));
      } else if (!part.isEmpty()) {
        throw new IllegalArgumentException(
            "there is no tool and no file '" + part + "'; tools are " + names());
      }
    }
  }

  /** Turns off tools that a list names. */
  void turnOff(String list) {
    for (String part : list.split("[,\\s]+", -1)) {
      if (part.equals("all")) {
        on.clear();
      } else if (!part.isEmpty() && !entries.containsKey(part)) {
        throw new IllegalArgumentException("there is no tool '" + part + "'; tools are " + names());
      }
      on.remove(part);
    }
  }

  /** The names of all tools at hand. */
  String names() {
    return String.join(", ", entries.keySet());
  }

  /** Those names, for completion. */
  List<String> list() {
    return List.copyOf(entries.keySet());
  }

  /** The tools that are on. */
  List<Tool> tools() {
    return entries.entrySet().stream()
        .filter(e -> on.contains(e.getKey()))
        .map(e -> e.getValue().tool())
        .toList();
  }

  /** A line for each tool. */
  String describe() {
    StringBuilder out = new StringBuilder();
    for (Map.Entry<String, Entry> entry : entries.entrySet()) {
      Entry e = entry.getValue();
      out.append(on.contains(entry.getKey()) ? "on   " : "off  ")
          .append(entry.getKey())
          .append(": ")
          .append(Markdown.printable(e.tool().description()))
          .append(e.program().isEmpty() ? "" : " (runs " + Markdown.printable(e.program()) + ")")
          .append('\n');
    }
    return out + "/tools on NAMES|all|FILE, /tools off NAMES|all";
  }
}
