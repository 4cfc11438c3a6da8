package org.ggml4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.agent.tool.ToolSpecifications;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.tokenizer.EncodeOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** LangChain4j on the story teller that comes with the command. */
class Ggml4jChatModelTest {
  private static Model model;

  @BeforeAll
  static void load() {
    model = StoryTeller.load();
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static Ggml4jOptions options() {
    return StoryTeller.options();
  }

  /** What the model may call. */
  static final class Weather {
    final List<String> asked = new ArrayList<>();

    enum Town {
      LONDON,
      PARIS
    }

    enum Unit {
      CELSIUS,
      FAHRENHEIT
    }

    @Tool("Tells the weather")
    String weather(@P("the town") Town town, Unit unit) {
      asked.add(town + " in " + unit);
      return "It is sunny.";
    }
  }

  interface Assistant {
    String chat(String message);
  }

  interface StreamingAssistant {
    TokenStream chat(String message);
  }

  /** A call is forced after the user's message, and text after the tool's answer. */
  private static ChatRequest forced(ChatRequest request) {
    ChatMessage last = request.messages().get(request.messages().size() - 1);
    return request.toBuilder()
        .toolChoice(last instanceof UserMessage ? ToolChoice.REQUIRED : ToolChoice.NONE)
        .build();
  }

  @Test
  void aServiceCallsAToolAndAnswers() {
    Weather weather = new Weather();
    try (Ggml4jChatModel chat = new Ggml4jChatModel(model, options())) {
      Assistant assistant =
          AiServices.builder(Assistant.class)
              .chatModel(chat)
              .chatMemory(MessageWindowChatMemory.withMaxMessages(10))
              .chatRequestTransformer(request -> forced(request))
              .tools(weather)
              .build();
      assertThat(assistant.chat("Once upon a time, how was the weather?")).isNotBlank();
      assertThat(weather.asked)
          .singleElement()
          .asString()
          .matches("(LONDON|PARIS) in (CELSIUS|FAHRENHEIT)");
    }
  }

  @Test
  void aStreamingServiceCallsAToolAndStreamsTheAnswer() throws Exception {
    Weather weather = new Weather();
    try (Ggml4jStreamingChatModel chat = new Ggml4jStreamingChatModel(model, options())) {
      StreamingAssistant assistant =
          AiServices.builder(StreamingAssistant.class)
              .streamingChatModel(chat)
              .chatMemory(MessageWindowChatMemory.withMaxMessages(10))
              .chatRequestTransformer(request -> forced(request))
              .tools(weather)
              .build();
      List<String> pieces = new ArrayList<>();
      List<String> tools = new ArrayList<>();
      CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
      assistant
          .chat("Once upon a time, how was the weather?")
          .onPartialResponse(pieces::add)
          .onToolExecuted(t -> tools.add(t.request().name() + ": " + t.result()))
          .onCompleteResponse(complete::complete)
          .onError(complete::completeExceptionally)
          .start();
      ChatResponse response = complete.get(2, TimeUnit.MINUTES);
      assertThat(tools).containsExactly("weather: It is sunny.");
      assertThat(weather.asked).hasSize(1);
      assertThat(pieces).hasSizeGreaterThan(5);
      assertThat(String.join("", pieces)).isEqualTo(response.aiMessage().text());
    }
  }

  @Test
  void aModelThatMayCallAToolMayAlsoAnswer() {
    List<ToolSpecification> tools = ToolSpecifications.toolSpecificationsFrom(new Weather());
    ChatRequest request =
        ChatRequest.builder()
            .messages(UserMessage.from("Once upon a time"))
            .toolSpecifications(tools)
            .toolChoice(ToolChoice.AUTO)
            .maxOutputTokens(20)
            .build();
    try (Ggml4jChatModel chat = new Ggml4jChatModel(model, options())) {
      AiMessage answer = chat.chat(request).aiMessage();
      assertThat(answer.text()).isNotBlank().doesNotStartWith("{");
      assertThat(answer.hasToolExecutionRequests()).isFalse();
    }
    // One that begins as a call does can only go on as one.
    try (Ggml4jChatModel chat =
        new Ggml4jChatModel(
            model, options().withGeneration(GenerationConfig.greedy().withProcessor(begin())))) {
      AiMessage answer = chat.chat(request.toBuilder().maxOutputTokens(160).build()).aiMessage();
      assertThat(answer.toolExecutionRequests())
          .isNotEmpty()
          .allSatisfy(call -> assertThat(call.name()).isEqualTo("weather"));
    }
  }

  /** Makes the model begin a call, and leaves it alone then. */
  private static LogitsProcessor begin() {
    int[] tokens = model.tokenizer().encode("<tool_call>", EncodeOptions.plain());
    AtomicInteger at = new AtomicInteger();
    return logits -> {
      if (at.get() < tokens.length) {
        logits.set(tokens[at.getAndIncrement()], 1000);
      }
    };
  }

  @Test
  void aRequestIsAnsweredWithFiguresAndHeard() {
    List<String> heard = new ArrayList<>();
    ChatModelListener listener =
        new ChatModelListener() {
          @Override
          public void onRequest(ChatModelRequestContext context) {
            heard.add("request");
          }

          @Override
          public void onResponse(ChatModelResponseContext context) {
            heard.add("response of " + context.chatResponse().metadata().modelName());
          }
        };
    try (Ggml4jChatModel chat = new Ggml4jChatModel(model, options().withListeners(listener))) {
      ChatRequest request =
          ChatRequest.builder()
              .messages(UserMessage.from("Tell me a story."))
              .maxOutputTokens(5)
              .build();
      int prompt = model.tokenizer().encode("User: Tell me a story.\nAssistant:").length;
      ChatResponse response = chat.chat(request);
      assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(5);
      assertThat(response.tokenUsage().inputTokenCount())
          .isBetween(prompt, prompt + 1); // the model may want a token before it
      assertThat(chat.chat(request).aiMessage()).isEqualTo(response.aiMessage());
      assertThat(heard).startsWith("request", "response of tiny").hasSize(4);
    }
  }

  @Test
  void anAnswerIsHeldToItsSchema() {
    JsonObjectSchema schema =
        JsonObjectSchema.builder()
            .addEnumProperty("mood", List.of("glad", "sad"))
            .addIntegerProperty("age")
            .required("mood", "age")
            .additionalProperties(false)
            .build();
    try (Ggml4jChatModel chat = new Ggml4jChatModel(model, options())) {
      ChatResponse response =
          chat.chat(
              ChatRequest.builder()
                  .messages(UserMessage.from("How is the cat?"))
                  .responseFormat(
                      ResponseFormat.builder()
                          .type(ResponseFormatType.JSON)
                          .jsonSchema(JsonSchema.builder().name("Cat").rootElement(schema).build())
                          .build())
                  .build());
      assertThat(response.aiMessage().text())
          .matches(
              "(?s)\\{\\s*\"mood\"\\s*:\\s*\"(glad|sad)\"\\s*,\\s*\"age\"\\s*:\\s*-?\\d+\\s*}");
    }
  }

  @Test
  void aHandlerCanEndAnAnswer() throws Exception {
    try (Ggml4jStreamingChatModel chat = new Ggml4jStreamingChatModel(model, options())) {
      CompletableFuture<Integer> pieces = new CompletableFuture<>();
      List<String> all = new ArrayList<>();
      chat.chat(
          ChatRequest.builder().messages(UserMessage.from("Tell me a story.")).build(),
          new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
              all.add(piece.text());
              if (all.size() == 3) {
                context.streamingHandle().cancel();
                pieces.complete(3);
              }
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
              pieces.completeExceptionally(new AssertionError("went on to the end"));
            }

            @Override
            public void onError(Throwable e) {
              pieces.completeExceptionally(e);
            }
          });
      assertThat(pieces.get(2, TimeUnit.MINUTES)).isEqualTo(3);
    }
  }

  @Test
  void whatIsNotSupportedIsSaid() {
    try (Ggml4jChatModel chat = new Ggml4jChatModel(model, options())) {
      ChatRequest.Builder request = ChatRequest.builder().messages(UserMessage.from("hi"));
      assertThatThrownBy(() -> chat.chat(request.modelName("other").build()))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("this is the model 'tiny'");
      assertThatThrownBy(() -> chat.chat(request.modelName("tiny").temperature(-1.0).build()))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("temperature");
      assertThatThrownBy(
              () ->
                  chat.chat(
                      ChatRequest.builder()
                          .messages(UserMessage.from("hi"))
                          .toolChoice(ToolChoice.REQUIRED)
                          .build()))
          .isInstanceOf(UnsupportedFeatureException.class);
    }
    Ggml4jOptions unknown =
        options().withTemplate(ChatTemplate.parse("{{ messages[0].content }}", "", ""));
    try (Ggml4jChatModel chat = new Ggml4jChatModel(model, unknown)) {
      ChatRequest forced =
          ChatRequest.builder()
              .messages(UserMessage.from("hi"))
              .toolSpecifications(ToolSpecifications.toolSpecificationsFrom(new Weather()))
              .toolChoice(ToolChoice.REQUIRED)
              .build();
      assertThatThrownBy(() -> chat.chat(forced)).isInstanceOf(UnsupportedFeatureException.class);
    }
  }

  @Test
  void reasoningIsToldApart() throws Exception {
    ChatTemplate thinking =
        ChatTemplate.parse("{# </think> #}{{ messages[0].content }}<think>", "", "");
    Ggml4jOptions options = options().withTemplate(thinking);
    ChatRequest request =
        ChatRequest.builder().messages(UserMessage.from("Once upon a time")).build();
    try (Ggml4jStreamingChatModel chat = new Ggml4jStreamingChatModel(model, options)) {
      StringBuilder thoughts = new StringBuilder();
      CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
      chat.chat(
          request,
          new StreamingChatResponseHandler() {
            @Override
            public void onPartialThinking(PartialThinking piece, PartialThinkingContext context) {
              thoughts.append(piece.text());
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
              complete.complete(response);
            }

            @Override
            public void onError(Throwable e) {
              complete.completeExceptionally(e);
            }
          });
      AiMessage answer = complete.get(2, TimeUnit.MINUTES).aiMessage();
      assertThat(answer.text()).isEmpty(); // it never stops thinking
      assertThat(answer.thinking()).isNotBlank().isEqualTo(thoughts.toString());
    }
  }

  /** It hears of what it throws, and the answer goes on. */
  @Test
  void aHandlerMayFail() throws Exception {
    List<Throwable> problems = new ArrayList<>();
    CompletableFuture<Throwable> last = new CompletableFuture<>();
    try (Ggml4jStreamingChatModel chat = new Ggml4jStreamingChatModel(model, options())) {
      chat.chat(
          ChatRequest.builder()
              .messages(UserMessage.from("Once upon a time"))
              .maxOutputTokens(4)
              .build(),
          new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
              throw new IllegalArgumentException("piece");
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
              throw new IllegalArgumentException("end");
            }

            @Override
            public void onError(Throwable e) {
              problems.add(e);
              if ("end".equals(e.getMessage())) {
                last.complete(e);
              }
              throw new IllegalArgumentException("nobody hears this");
            }
          });
      assertThat(last.get(2, TimeUnit.MINUTES)).hasMessage("end");
      assertThat(problems).hasSizeGreaterThan(1);
      assertThat(problems.get(0)).hasMessage("piece");
    }
  }
}
