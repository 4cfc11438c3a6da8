package org.ggml4j.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

class ChatTemplateTest {
  private static final Path MODELS = Path.of(System.getProperty("ggml4j.models.dir"));

  record City(String city, int days) {}

  static final class Weather {
    @ToolMethod("The weather in a city")
    public String weather(City city) {
      return city.city() + " " + city.days();
    }

    @ToolMethod(value = "The time", name = "get_time")
    public String time() {
      return "noon";
    }
  }

  static ChatTemplate template(String name) throws IOException {
    return ChatTemplate.parse(
        Files.readString(MODELS.resolve("templates").resolve(name + ".jinja")), "<s>", "</s>");
  }

  static Tokenizer qwen2() throws IOException {
    try (GgufFile file = GgufFile.open(MODELS.resolve("ggml-vocab-qwen2.gguf"))) {
      return Tokenizer.of(file.metadata());
    }
  }

  private static String render(ChatTemplate template, Message... messages) {
    return template.render(List.of(messages), ChatTemplate.Options.defaults()).toString();
  }

  @Test
  void withoutATemplateItIsChatMlAndSaysSo() throws IOException {
    ChatTemplate template = ChatTemplate.of(GgufMetadata.of(Map.of()), qwen2());
    assertThat(template.notice()).isPresent();
    assertThat(ChatTemplate.find(GgufMetadata.of(Map.of()), qwen2())).isEmpty();
    assertThat(render(template, Message.system("S"), Message.user("U")))
        .isEqualTo(
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n"
                + "<|im_start|>assistant\n");
  }

  @Test
  void theTemplateForToolsIsUsedWithTools() throws IOException {
    Map<String, Object> values =
        Map.of(
            "tokenizer.chat_template", "plain",
            "tokenizer.chat_template.tool_use", "tools {{ tools|length }}");
    ChatTemplate template = ChatTemplate.of(GgufMetadata.of(values), qwen2());
    List<Message> messages = List.of(Message.user("U"));
    ChatTemplate.Options options = ChatTemplate.Options.defaults();
    assertThat(template.render(messages, options).toString()).isEqualTo("plain");
    ChatTemplate.Options withTools = options.withTools(Tools.of(new Weather()));
    assertThat(template.render(messages, withTools).toString()).isEqualTo("tools 2");
  }

  @Test
  void aSystemMessageThatIsRefusedComesWithTheFirstUserMessage() throws IOException {
    assertThat(render(template("google-gemma-2-2b-it"), Message.system("S"), Message.user("U")))
        .contains("<start_of_turn>user\nS\n\nU<end_of_turn>");
  }

  @Test
  void argumentsComeAsTheTemplateNeedsThem() throws IOException {
    ToolCall call = new ToolCall("call00001", "weather", "{\"city\": \"Bern\"}");
    Message[] messages = {
      Message.user("U"), Message.assistant("", "", List.of(call)), Message.tool(call, "rain")
    };
    assertThat(render(template("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"), messages))
        .contains("weather\n```json\n{\"city\": \"Bern\"}\n```");
    assertThat(render(template("Qwen-Qwen3-0.6B"), messages))
        .contains("\"arguments\": {\"city\": \"Bern\"}}");
    assertThat(render(template("GLM-4.6"), messages)).contains("Bern");
  }

  @Test
  void toolsAreRunWithTheirArguments() {
    List<Tool> tools = Tools.of(new Weather());
    assertThat(tools).extracting(Tool::name).containsExactly("get_time", "weather");
    assertThat(tools.get(0).action().apply("{}")).isEqualTo("noon");
    assertThat(tools.get(1).action().apply("{\"city\": \"Bern\", \"days\": 2}"))
        .isEqualTo("Bern 2");
    Tool own = Tool.of("w", "d", City.class, c -> c.days() + 1);
    assertThat(own.action().apply("{\"city\": \"x\", \"days\": 2}")).isEqualTo("3");
    assertThatThrownBy(() -> Tools.of("a text")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Tool.of("no spaces", "d", City.class, c -> ""))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTranscriptShowsToolsCallsAndResults() {
    ChatTemplate template = ChatTemplate.transcript();
    ToolCall call = new ToolCall("1", "look", "{\"at\": \"a \\\"cat\\\"\"}");
    Tool look =
        Tool.external("look", "Looks", "{\"type\": \"object\", \"properties\": {\"at\": {}}}");
    String text =
        template
            .render(
                List.of(
                    Message.system("Be brief."),
                    Message.user("What is there?"),
                    Message.assistant("", "", List.of(call)),
                    Message.tool(call, "a cat\n"),
                    Message.assistant("A cat."),
                    Message.user("Thanks")),
                ChatTemplate.Options.defaults().withTools(List.of(look)))
            .toString();
    assertThat(text)
        .isEqualTo(
            """
            Be brief.

            To call a tool, write <tool_call>{"name": ..., "arguments": ...}</tool_call>
            {"name": "look", "description": "Looks", "parameters": {"type": "object", "properties": {"at": {}}}}

            User: What is there?
            Assistant:<tool_call>{"name": "look", "arguments": {"at": "a \\"cat\\""}}</tool_call>
            Result of look: a cat
            Assistant: A cat.
            User: Thanks
            Assistant:\
            """);
    assertThat(template.format().hasCalls()).isTrue();
    assertThat(template.stops()).contains("\nUser:");
  }

  @Test
  void messagesSurviveAsJson() {
    ToolCall call = new ToolCall("call00001", "weather", "{\"city\": \"Zürich\\n\"}");
    List<Message> messages =
        List.of(
            Message.system("S \"q\" \u0001"),
            Message.user("U\n日本 😀"),
            Message.assistant("A", "R", List.of(call)),
            Message.tool(call, "21"));
    for (Message message : messages) {
      assertThat(Message.fromJson(Json.parse(Json.write(message.toJson())))).isEqualTo(message);
    }
    assertThatThrownBy(() -> Message.fromJson(Map.of("role", "nobody")))
        .isInstanceOf(JsonException.class);
    assertThatThrownBy(() -> Json.parse("{\"a\": 1,}")).isInstanceOf(JsonException.class);
    assertThatThrownBy(() -> Json.parse("[".repeat(100_000))).isInstanceOf(JsonException.class);
  }
}
