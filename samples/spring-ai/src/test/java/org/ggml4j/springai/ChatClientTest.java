package org.ggml4j.springai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.ChatPool;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.chat.ToolChoice;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.client.AdvisorParams;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.MessageType;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.model.tool.ToolExecutionResult;
import org.springframework.ai.support.ToolCallbacks;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.annotation.ToolParam;

/** Spring AI's clients and tools on the story teller, whose calls a grammar forces. */
class ChatClientTest {
  private static final String QUESTION = "Once upon a time, how was the weather?";

  private static Model model;
  private static ChatPool pool;
  private static Ggml4jChatModel chat;

  @BeforeAll
  static void load() throws IOException {
    model = StoryTeller.load();
    pool = StoryTeller.pool(model);
    chat = StoryTeller.chat(pool, GenerationConfig.greedy().withMaxTokens(120));
  }

  @AfterAll
  static void close() {
    pool.close();
    model.close();
  }

  enum Town {
    LONDON,
    PARIS
  }

  enum Unit {
    CELSIUS,
    FAHRENHEIT
  }

  /** What the model may call. */
  static final class Weather {
    final List<String> asked = new ArrayList<>();

    @Tool(description = "Tells the weather")
    String weather(@ToolParam(description = "the town") Town town, Unit unit) {
      asked.add(town + " in " + unit);
      return "It is sunny.";
    }
  }

  private static Ggml4jChatOptions.Builder forced() {
    return Ggml4jChatOptions.builder().toolChoice(ToolChoice.REQUIRED);
  }

  @Test
  void aClientCallsAToolAndAnswers() {
    Weather weather = new Weather();
    String answer =
        ChatClient.create(chat).prompt(QUESTION).options(forced()).tools(weather).call().content();
    assertThat(weather.asked)
        .singleElement()
        .asString()
        .matches("(LONDON|PARIS) in (CELSIUS|FAHRENHEIT)");
    assertThat(answer).isNotBlank().doesNotContain("<tool_call>");
  }

  @Test
  void aClientThatStreamsCallsAToolAndAnswers() {
    Weather weather = new Weather();
    List<String> pieces =
        ChatClient.create(chat).prompt(QUESTION).options(forced()).tools(weather).stream()
            .content()
            .collectList()
            .block(Duration.ofMinutes(1));
    assertThat(weather.asked).hasSize(1);
    assertThat(pieces).hasSizeGreaterThan(5);
    assertThat(String.join("", pieces)).isNotBlank().doesNotContain("<tool_call>");
  }

  @Test
  void callsCanBeRunByHand() {
    Weather weather = new Weather();
    Prompt prompt =
        new Prompt(QUESTION, forced().toolCallbacks(ToolCallbacks.from(weather)).build());
    ChatResponse response = chat.call(prompt);
    assertThat(response.hasToolCalls()).isTrue();
    assertThat(response.getResult().getMetadata().getFinishReason()).isEqualTo("TOOL_CALLS");
    AssistantMessage.ToolCall call = response.getResult().getOutput().getToolCalls().get(0);
    assertThat(call.name()).isEqualTo("weather");
    assertThat(call.id()).hasSize(9);
    ToolExecutionResult result =
        ToolCallingManager.builder().build().executeToolCalls(prompt, response);
    assertThat(weather.asked).hasSize(1);
    assertThat(result.conversationHistory())
        .extracting(Message::getMessageType)
        .containsExactly(MessageType.USER, MessageType.ASSISTANT, MessageType.TOOL);
    ChatResponse answer = chat.call(new Prompt(result.conversationHistory(), prompt.getOptions()));
    assertThat(answer.hasToolCalls()).isFalse();
    assertThat(answer.getMetadata().getUsage().getCacheReadInputTokens()).isGreaterThan(50);
  }

  record Cat(Town town, boolean old) {}

  @Test
  void anAnswerBecomesARecord() {
    Cat cat =
        ChatClient.create(chat)
            .prompt("How is the cat?")
            .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
            .call()
            .entity(Cat.class);
    assertThat(cat).isNotNull();
    assertThat(cat.town()).isNotNull();
  }
}
