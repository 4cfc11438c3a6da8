package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How a family of models writes calls. Reading and the grammar both follow it, so that what one
 * lets through the other understands.
 *
 * @param begin before the first call; may be empty
 * @param call one call
 * @param end behind the last call
 * @param repeats whether there may be several
 * @param bare whether a call has no mark before it, and so must be the first thing in a reply
 */
record CallForm(
    List<CallPart> begin, List<CallPart> call, List<CallPart> end, boolean repeats, boolean bare) {
  private static final CallPart SPACE = new CallPart.Space();
  private static final CallPart NAME = new CallPart.Name();
  private static final CallPart ARGUMENTS = new CallPart.Arguments();
  private static final CallPart OBJECT = envelope("name", "arguments", false);
  private static final CallPart LIST = envelope("name", "arguments", true);
  private static final CallPart ACTIONS =
      new CallPart.Envelope("tool_name", "parameters", "tool_call_id", true, true);

  /** gpt-oss: the name stands in the header of a message. */
  static final CallForm HARMONY =
      new CallForm(List.of(), parts(SPACE, ARGUMENTS), List.of(), false, true);

  private static CallPart envelope(String name, String arguments, boolean list) {
    return new CallPart.Envelope(name, arguments, "", false, list);
  }

  /** Texts are marks. */
  private static List<CallPart> parts(Object... parts) {
    return Arrays.stream(parts)
        .map(p -> p instanceof CallPart part ? part : new CallPart.Mark((String) p))
        .toList();
  }

  private static CallForm of(Object... call) {
    return new CallForm(List.of(), parts(call), List.of(), true, false);
  }

  private static CallForm once(Object... call) {
    return new CallForm(List.of(), parts(call), List.of(), false, false);
  }

  private CallForm between(String first, String last) {
    return new CallForm(parts(first, SPACE), call, parts(SPACE, last), true, false);
  }

  /** The form that a template's text shows; empty if it is none of those that are known. */
  static Optional<CallForm> of(String template) {
    if (template.contains("<|channel|>") && template.contains("<|message|>")) {
      return Optional.of(HARMONY);
    }
    if (template.contains("<|tool_call>") && template.contains("call:")) {
      return Optional.of(
          of("<|tool_call>", "call:", NAME, new CallPart.GemmaArguments(), "<tool_call|>"));
    }
    if (template.contains("<|START_ACTION|>")) {
      return Optional.of(once("<|START_ACTION|>", SPACE, ACTIONS, SPACE, "<|END_ACTION|>"));
    }
    if (template.contains("Action:") && template.contains("\"tool_name\"")) {
      return Optional.of(once("Action:", SPACE, "```json", SPACE, ACTIONS, SPACE, "```"));
    }
    if (template.contains("[TOOL_CALLS]")) {
      return Optional.of(mistral(template));
    }
    if (template.contains("<｜tool▁call▁begin｜>")) {
      return Optional.of(deepSeek(template));
    }
    if (template.contains("<|tool_calls_section_begin|>")) {
      return Optional.of(
          of(
                  "<|tool_call_begin|>",
                  "functions.",
                  NAME,
                  ":",
                  new CallPart.Index(),
                  "<|tool_call_argument_begin|>",
                  SPACE,
                  ARGUMENTS,
                  SPACE,
                  "<|tool_call_end|>")
              .between("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"));
    }
    Optional<CallForm> tagged = tagged(template);
    return tagged.isPresent() ? tagged : objects(template);
  }

  /** A list of objects, or a name and its arguments behind each mark. */
  private static CallForm mistral(String template) {
    if (!template.contains("[ARGS]")) {
      CallPart list = new CallPart.Envelope("name", "arguments", "id", false, true);
      return once("[TOOL_CALLS]", SPACE, list);
    }
    if (!template.contains("[CALL_ID]")) {
      return of("[TOOL_CALLS]", NAME, "[ARGS]", SPACE, ARGUMENTS);
    }
    CallPart id = new CallPart.Maybe(parts("[CALL_ID]", new CallPart.Id()));
    return of("[TOOL_CALLS]", NAME, id, "[ARGS]", SPACE, ARGUMENTS);
  }

  /** A name and its arguments; V3 and R1 with a type before and in a fence. */
  private static CallForm deepSeek(String template) {
    String begin = "<｜tool▁call▁begin｜>";
    String separator = "<｜tool▁sep｜>";
    String end = "<｜tool▁call▁end｜>";
    CallForm call =
        template.contains("```json")
            ? of(
                begin,
                "function",
                separator,
                NAME,
                SPACE,
                "```json",
                SPACE,
                ARGUMENTS,
                SPACE,
                "```",
                SPACE,
                end)
            : of(begin, NAME, separator, SPACE, ARGUMENTS, SPACE, end);
    return call.between("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>");
  }

  /** Forms that put each argument between marks. */
  private static Optional<CallForm> tagged(String template) {
    if (template.contains("<function=") && template.contains("<parameter=")) {
      boolean seed = template.contains("<seed:tool_call>");
      CallPart arguments =
          new CallPart.Tagged("<parameter=", ">", "", "</parameter>", !seed, false);
      String begin = seed ? "<seed:tool_call>" : "<tool_call>";
      String end = seed ? "</seed:tool_call>" : "</tool_call>";
      return Optional.of(
          of(
              begin,
              SPACE,
              "<function=",
              NAME,
              ">",
              SPACE,
              arguments,
              SPACE,
              "</function>",
              SPACE,
              end));
    }
    if (template.contains("<arg_key>") && template.contains("<tool_call>")) {
      CallPart arguments =
          new CallPart.Tagged(
              "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", false, false);
      return Optional.of(of("<tool_call>", NAME, SPACE, arguments, SPACE, "</tool_call>"));
    }
    if (template.contains("<minimax:tool_call>")) {
      CallPart arguments =
          new CallPart.Tagged("<parameter name=\"", "\">", "", "</parameter>", false, false);
      return Optional.of(
          of("<invoke name=\"", NAME, "\">", SPACE, arguments, SPACE, "</invoke>")
              .between("<minimax:tool_call>", "</minimax:tool_call>"));
    }
    if (template.contains("dsml_token") && template.contains("invoke name=")) {
      String mark = "｜DSML｜";
      String all = template.contains("function_calls>") ? "function_calls>" : "tool_calls>";
      CallPart arguments =
          new CallPart.Tagged(
              "<" + mark + "parameter name=\"",
              "\" string=\"",
              "",
              "</" + mark + "parameter>",
              false,
              true);
      return Optional.of(
          of(
                  "<" + mark + "invoke name=\"",
                  NAME,
                  "\">",
                  SPACE,
                  arguments,
                  SPACE,
                  "</" + mark + "invoke>")
              .between("<" + mark + all, "</" + mark + all));
    }
    return Optional.empty();
  }

  /** Forms with objects of JSON. */
  private static Optional<CallForm> objects(String template) {
    if (template.contains("]<]minimax[>[")) {
      return Optional.empty(); // marks that are not known, in spite of the ones below
    }
    if (template.contains("<|function_call|>")) {
      return Optional.of(once("<|function_call|>", SPACE, OBJECT));
    }
    if (template.contains("<tool_calls>[")) {
      return Optional.of(once("<tool_calls>", SPACE, LIST, SPACE, "</tool_calls>"));
    }
    if (template.contains("<tool_calls>\\n")) {
      return Optional.of(of(OBJECT).between("<tool_calls>", "</tool_calls>"));
    }
    if (template.contains("<TOOLCALL>")) {
      return Optional.of(once("<TOOLCALL>", SPACE, LIST, SPACE, "</TOOLCALL>"));
    }
    if (template.contains("<tool_call>")) {
      return Optional.of(of("<tool_call>", SPACE, OBJECT, SPACE, "</tool_call>"));
    }
    if (template.contains("<|tool_call|>")) {
      return Optional.of(once("<|tool_call|>", SPACE, LIST));
    }
    if (template.contains("<function=")) {
      return Optional.of(of("<function=", NAME, ">", ARGUMENTS, "</function>"));
    }
    if (template.contains("<|start_header_id|>") && template.contains("\"parameters\"")) {
      CallPart object = envelope("name", "parameters", false);
      return Optional.of(new CallForm(List.of(), List.of(object), List.of(), false, true));
    }
    return Optional.empty();
  }

  /**
   * What calls begin with; none if they are bare. Where the mark before all of them may be
   * forgotten, the mark before each is there too: one that no other text has.
   */
  List<String> marks() {
    List<String> marks = new ArrayList<>();
    for (List<CallPart> parts : List.of(begin, call)) {
      boolean first = marks.isEmpty();
      if (!parts.isEmpty() && parts.get(0) instanceof CallPart.Mark mark) {
        boolean special = mark.text().startsWith("<|") || mark.text().startsWith("<｜");
        if (first || special) {
          marks.add(mark.text());
        }
      }
    }
    return marks;
  }
}
