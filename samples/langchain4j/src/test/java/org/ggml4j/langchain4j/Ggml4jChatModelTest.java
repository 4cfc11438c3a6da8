package org.ggml4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.agent.tool.ToolSpecifications;
import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
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
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.SessionOptions;
import org.ggml4j.sampling.LogitsProcessor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** LangChain4j on the story teller that comes with the command. */
class Ggml4jChatModelTest {
  private static final Path FILE =
      Path.of("../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf");

  private static Model model;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(FILE);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static Ggml4jOptions options() {
    return Ggml4jOptions.defaults("tiny")
        .withSession(SessionOptions.defaults().withContext(512).withThreads(1))
        .withGeneration(GenerationConfig.greedy().withMaxTokens(160));
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
            model, options().withGeneration(GenerationConfig.greedy().withProcessor(brace())))) {
      AiMessage answer = chat.chat(request.toBuilder().maxOutputTokens(160).build()).aiMessage();
      assertThat(answer.toolExecutionRequests())
          .singleElement()
          .satisfies(call -> assertThat(call.name()).isEqualTo("weather"));
    }
  }

  /** Makes the model begin with a brace, and leaves it alone then. */
  private static LogitsProcessor brace() {
    int[] tokens = model.tokenizer().encode("x{");
    int token = tokens[tokens.length - 1];
    AtomicBoolean first = new AtomicBoolean(true);
    return logits -> {
      if (first.getAndSet(false)) {
        logits.set(token, 1000);
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
          .hasMessageContaining("this is the model tiny, not other");
      UserMessage picture =
          UserMessage.from(ImageContent.from(Image.builder().base64Data("").build()));
      assertThatThrownBy(() -> chat.chat(picture))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("IMAGE");
    }
  }

  @Test
  void aConversationBecomesATranscript() {
    ToolSpecification tool =
        ToolSpecification.builder()
            .name("look")
            .description("Looks")
            .parameters(JsonObjectSchema.builder().addStringProperty("at").build())
            .build();
    AiMessage call =
        AiMessage.from(
            ToolCalls.read("{\"name\":\"look\",\"arguments\":{\"at\":\"x\"}}", "1").orElseThrow());
    String text =
        PromptFormat.transcript()
            .render(
                List.of(
                    SystemMessage.from("Be brief."),
                    UserMessage.from("What is there?"),
                    call,
                    ToolExecutionResultMessage.from("1", "look", "a cat"),
                    AiMessage.from("A cat."),
                    UserMessage.from("Thanks")),
                List.of(tool));
    assertThat(text)
        .startsWith(
            "Be brief.\n\nTools, to be called with {\"name\": ..., \"arguments\": {...}}:\n")
        .contains("\"name\":\"look\"", "\"at\"")
        .endsWith(
            """

            User: What is there?
            Assistant: {"name":"look","arguments":{"at":"x"}}
            Result of look: a cat
            Assistant: A cat.
            User: Thanks
            Assistant:\
            """);
  }
}
