package org.ggml4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What models write, by family, in pieces of every size. */
class ReplyParserTest {
  private static final Path TEMPLATES =
      Path.of(System.getProperty("ggml4j.models.dir")).resolve("templates");
  private static final List<Tool> TOOLS =
      List.of(
          new Tool(
              "get_weather",
              "The weather",
              "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"},"
                  + " \"days\": {\"type\": \"integer\"}}, \"required\": [\"city\"]}",
              json -> ""));
  private static final String ARGS = "{\"city\": \"Zürich\", \"days\": 3}";
  private static final String HERMES = "{\"name\": \"get_weather\", \"arguments\": " + ARGS + "}";
  private static final String LLAMA = "{\"name\": \"get_weather\", \"parameters\": " + ARGS + "}";
  private static final String CALL = "{get_weather " + ARGS + "}";
  private static final String R1 = "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B";
  private static final String COMMAND = "CohereForAI-c4ai-command-r7b-12-2024-tool_use";
  private static final String ASSISTANT = "<|start|>assistant";

  private static Arguments reply(String template, String prompt, String reply, String expected) {
    return Arguments.of(template, prompt, reply, expected);
  }

  static Stream<Arguments> replies() {
    String tagged = "<tool_call>\n" + HERMES + "\n</tool_call>";
    return Stream.of(
        reply("Qwen-Qwen3-0.6B", "", "Hello\nthere", "Hello\nthere"),
        reply("Qwen-Qwen3-0.6B", "", "<think>\nhm\n</think>\n\nHi <b>", "(hm\n)Hi <b>"),
        reply("Qwen-QwQ-32B", "<think>\n", "hm\n</think>\n\nHi", "(hm\n)Hi"),
        reply("Qwen-Qwen3-0.6B", "", "<think>a</think>I look." + tagged, "(a)I look." + CALL),
        reply("Qwen-Qwen2.5-7B-Instruct", "", tagged + "\n" + tagged, CALL + CALL),
        reply("Qwen-Qwen2.5-7B-Instruct", "", "a <tool_call", "a <tool_call"),
        reply(
            "Qwen-Qwen2.5-7B-Instruct",
            "",
            "<tool_call>no</tool_call> x",
            "<tool_call>no</tool_call> x"),
        reply("meta-llama-Llama-3.1-8B-Instruct", "", LLAMA, CALL),
        reply("meta-llama-Llama-3.3-70B-Instruct", "", "<|python_tag|>" + LLAMA, CALL),
        reply("meta-llama-Llama-3.1-8B-Instruct", "", "{\"a\": 1} is it", "{\"a\": 1} is it"),
        reply("mistralai-Mistral-Nemo-Instruct-2407", "", "[TOOL_CALLS][" + HERMES + "]", CALL),
        reply(
            "Mistral-Small-3.2-24B-Instruct-2506",
            "",
            "Wait.[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]" + ARGS,
            "Wait." + CALL),
        reply(
            "mistralai-Ministral-3-14B-Reasoning-2512",
            "",
            "[THINK]hm[/THINK][TOOL_CALLS]get_weather[ARGS]" + ARGS,
            "(hm)" + CALL),
        reply(
            R1,
            "<think>\n",
            "hm</think>\n\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n"
                + "```json\n"
                + ARGS
                + "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "(hm)" + CALL),
        reply(
            "deepseek-ai-DeepSeek-V3.1",
            "",
            "</think>Ok<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>"
                + ARGS
                + "<｜tool▁call▁end｜>",
            "Ok" + CALL),
        reply(
            "openai-gpt-oss-120b",
            ASSISTANT,
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary"
                + " to=functions.get_weather <|constrain|>json<|message|>"
                + ARGS
                + "<|call|>",
            "(hm)" + CALL),
        reply(
            "openai-gpt-oss-120b",
            ASSISTANT,
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi",
            "(hm)Hi"),
        reply(
            "google-gemma-4-31B-it",
            "",
            "<|channel>thought\nhm<channel|>Ok.<|tool_call>"
                + "call:get_weather{city:<|\"|>Zürich<|\"|>,days:3}<tool_call|>",
            "(hm)Ok." + CALL),
        reply(
            COMMAND,
            "",
            "<|START_THINKING|>hm<|END_THINKING|><|START_ACTION|>[{\"tool_call_id\": \"0\","
                + " \"tool_name\": \"get_weather\", \"parameters\": "
                + ARGS
                + "}]<|END_ACTION|>",
            "(hm)" + CALL),
        reply(COMMAND, "", "<|START_RESPONSE|>Hi<|END_RESPONSE|>", "Hi"));
  }

  /** Arguments between marks, several calls, and what only looks like a call. */
  static Stream<Arguments> moreReplies() {
    String coder =
        "<function=get_weather>\n<parameter=city>\nZürich\n</parameter>\n"
            + "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>";
    String glm =
        "get_weather\n<arg_key>city</arg_key>\n<arg_value>Zürich</arg_value>\n"
            + "<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>";
    String mistral = "[TOOL_CALLS]get_weather[ARGS]" + ARGS;
    String inside = "{\"city\": \"</tool_call>\"}";
    return Stream.of(
        reply("Qwen3-Coder", "", "I look.\n<tool_call>\n" + coder, "I look.\n" + CALL),
        reply("Qwen3-Coder", "", "<tool_call>\n" + coder + "\n<tool_call>" + coder, CALL + CALL),
        reply(
            "Qwen3-Coder",
            "",
            "<tool_call>\n<function=get_weather>\n<parameter=city>\na\n\n<b>\n</parameter>\n"
                + "</function>\n</tool_call>",
            "{get_weather {\"city\": \"a\\n\\n<b>\"}}"),
        reply("Qwen3.5-4B", "<think>\n", "hm\n</think>\n\n<tool_call>\n" + coder, "(hm\n)" + CALL),
        reply("Qwen3.5-4B", "<think>\n", "hm <tool_call>\n" + coder, "(hm )" + CALL),
        reply("Qwen3.5-4B", "<think>\n", "no <tool_call> yet</think>Hi", "(no <tool_call> yet)Hi"),
        reply("StepFun3.5-Flash", "<think>\n", "a</think>b<tool_call>" + coder, "(a)b" + CALL),
        reply(
            "ByteDance-Seed-OSS",
            "",
            "<seed:think>hm</seed:think>Ok\n<seed:tool_call>\n<function=get_weather>\n"
                + "<parameter=city>Zürich</parameter>\n<parameter=days>3</parameter>\n"
                + "</function>\n</seed:tool_call>",
            "(hm)Ok\n" + CALL),
        reply("GLM-4.6", "", "\n<think>hm</think>\nOk\n<tool_call>" + glm, "(hm)Ok\n" + CALL),
        reply(
            "GLM-4.7-Flash",
            "<think>",
            "hm</think><tool_call>" + glm.replace("\n", "") + "<tool_call>" + glm,
            "(hm)" + CALL + CALL),
        reply(
            "MiniMax-M2",
            "<think>\n",
            "hm\n</think>\n\n<minimax:tool_call>\n<invoke name=\"get_weather\">\n"
                + "<parameter name=\"city\">Zürich</parameter>\n"
                + "<parameter name=\"days\">3</parameter>\n</invoke>\n"
                + "<invoke name=\"get_weather\">\n</invoke>\n</minimax:tool_call>",
            "(hm\n)" + CALL + "{get_weather {}}"),
        reply(
            "deepseek-ai-DeepSeek-V3.2",
            "<think>",
            "hm</think>Ok\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n"
                + "<｜DSML｜parameter name=\"city\" string=\"true\">Zürich</｜DSML｜parameter>\n"
                + "<｜DSML｜parameter name=\"days\" string=\"false\">3</｜DSML｜parameter>\n"
                + "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
            "(hm)Ok\n\n" + CALL),
        reply(
            "Kimi-K2-Instruct",
            "",
            "Ok<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0"
                + "<|tool_call_argument_begin|>"
                + ARGS
                + "<|tool_call_end|><|tool_calls_section_end|>",
            "Ok" + CALL),
        reply(
            "MiniMax-M1",
            "",
            "<tool_calls>\n" + HERMES + "\n" + HERMES + "\n</tool_calls>",
            CALL + CALL),
        reply(
            "NVIDIA-Nemotron-Nano-v2",
            "",
            "<TOOLCALL>[" + HERMES + ", " + HERMES + "]</TOOLCALL>",
            CALL + CALL),
        reply("unsloth-Apriel-1.5", "", "<tool_calls>[" + HERMES + "]</tool_calls>", CALL),
        reply(
            "CohereForAI-c4ai-command-r-plus-tool_use",
            "",
            "Action: ```json\n"
                + "[\n"
                + "    {\n"
                + "        \"tool_name\": \"get_weather\",\n"
                + "        \"parameters\": "
                + ARGS
                + "\n    }\n]```",
            CALL),
        reply("mistralai-Ministral-3-14B-Reasoning-2512", "", mistral + mistral, CALL + CALL),
        reply("unsloth-mistral-Devstral-Small-2507", "", "Ok" + mistral, "Ok" + CALL),
        reply(
            "meta-llama-Llama-3.2-3B-Instruct",
            "",
            "{\"type\": \"function\", \"name\": \"get_weather\", \"parameters\": " + ARGS + "}",
            CALL),
        reply(
            "meetkai-functionary-medium-v3.1",
            "",
            "Ok<function=get_weather>" + ARGS + "</function>",
            "Ok" + CALL),
        reply(
            "Qwen-Qwen2.5-7B-Instruct",
            "",
            "<tool_call>{\"name\": \"get_weather\", \"arguments\": " + inside + "}</tool_call>",
            "{get_weather " + inside + "}"),
        reply("Qwen-Qwen2.5-7B-Instruct", "", "<tool_call>\n" + HERMES, CALL),
        reply(
            "Qwen-Qwen2.5-7B-Instruct",
            "",
            "<tool_call>\n{\"name\": \"get",
            "<tool_call>\n{\"name\": \"get"),
        reply(
            "openai-gpt-oss-120b",
            ASSISTANT,
            " to=functions.get_weather<|channel|>commentary json<|message|>" + ARGS,
            CALL),
        reply(
            "google-gemma-4-31B-it",
            "",
            "<|tool_call>call:get_weather{city: <|\"|>Zürich<|\"|>, days: 3}<tool_call|>",
            CALL));
  }

  @ParameterizedTest
  @MethodSource("moreReplies")
  void moreRepliesAreTakenApart(String template, String prompt, String reply, String expected)
      throws IOException {
    repliesAreTakenApart(template, prompt, reply, expected);
  }

  @ParameterizedTest
  @MethodSource("replies")
  void repliesAreTakenApart(String template, String prompt, String reply, String expected)
      throws IOException {
    String source = Files.readString(TEMPLATES.resolve(template + ".jinja"));
    ReplyFormat format = ChatTemplate.parse(source, "", "").format();
    for (int size = 1; size <= reply.length(); size++) {
      Shown shown = new Shown();
      ReplyParser parser = format.newParser(prompt, TOOLS, shown);
      for (int i = 0; i < reply.length(); i += size) {
        parser.accept(reply.substring(i, Math.min(reply.length(), i + size)));
      }
      parser.finish();
      assertThat(shown.text()).as("pieces of " + size).isEqualTo(expected);
    }
  }

  /** Reasoning in parentheses, calls in braces. */
  private static final class Shown implements ReplyListener {
    private final StringBuilder out = new StringBuilder();
    private boolean thinks;

    private void close() {
      out.append(thinks ? ")" : "");
      thinks = false;
    }

    private String text() {
      close();
      return out.toString();
    }

    @Override
    public void answer(String text) {
      close();
      out.append(text);
    }

    @Override
    public void reasoning(String text) {
      out.append(thinks ? "" : "(").append(text);
      thinks = true;
    }

    @Override
    public void toolCall(ToolCall call) {
      close();
      out.append('{').append(call.name()).append(' ').append(call.arguments()).append('}');
    }
  }
}
