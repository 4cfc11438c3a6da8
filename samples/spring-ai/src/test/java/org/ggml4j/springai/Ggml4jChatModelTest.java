package org.ggml4j.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.ggml4j.ChatPool;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.SessionOptions;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.ToolChoice;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;

/** A chat model on the story teller that comes with the command. */
class Ggml4jChatModelTest {
  private static final String STORY = "Once upon a time";

  private static Model model;
  private static ChatPool pool;
  private static Ggml4jChatModel chat;

  @BeforeAll
  static void load() throws IOException {
    model = StoryTeller.load();
    pool = StoryTeller.pool(model);
    chat = StoryTeller.chat(pool, GenerationConfig.greedy().withMaxTokens(40));
  }

  @AfterAll
  static void close() {
    pool.close();
    model.close();
  }

  private static Prompt prompt(ChatOptions options) {
    return new Prompt(STORY, options);
  }

  private static String text(ChatResponse response) {
    return String.valueOf(response.getResult().getOutput().getText());
  }

  @Test
  void anAnswerHasFigures() {
    Prompt prompt = prompt(ChatOptions.builder().maxTokens(5).build());
    ChatResponse response = chat.call(prompt);
    assertThat(text(response)).isNotBlank();
    assertThat(response.getResult().getMetadata().getFinishReason()).isEqualTo("LENGTH");
    assertThat(response.getMetadata().getModel()).isEqualTo("tiny");
    assertThat(response.getMetadata().getId()).isNotBlank();
    int tokens = model.tokenizer().encode("User: " + STORY + "\nAssistant:").length;
    assertThat(response.getMetadata().getUsage().getCompletionTokens()).isEqualTo(5);
    assertThat(response.getMetadata().getUsage().getPromptTokens()).isBetween(tokens, tokens + 1);
    ChatResponse again = chat.call(prompt); // of which the cache has almost all
    assertThat(text(again)).isEqualTo(text(response));
    assertThat(again.getMetadata().getUsage().getCacheReadInputTokens())
        .isGreaterThanOrEqualTo(tokens - 2);
    assertThat(chat.call(STORY)).startsWith(text(response));
  }

  @Test
  void optionsOfAPromptComeFirst() {
    ChatOptions wild =
        Ggml4jChatOptions.builder().temperature(2.0).topK(0).topP(1.0).seed(7L).build();
    assertThat(text(chat.call(prompt(wild)))).isEqualTo(text(chat.call(prompt(wild))));
    ChatOptions other =
        Ggml4jChatOptions.builder().temperature(2.0).topK(0).topP(1.0).seed(8L).build();
    assertThat(text(chat.call(prompt(other)))).isNotEqualTo(text(chat.call(prompt(wild))));
    String plain = chat.call(STORY);
    String word = plain.split(" ")[3];
    ChatResponse stopped =
        chat.call(prompt(ChatOptions.builder().stopSequences(List.of(word)).build()));
    assertThat(text(stopped)).isEqualTo(plain.substring(0, plain.indexOf(word)).strip());
    assertThat(stopped.getResult().getMetadata().getFinishReason()).isEqualTo("STOP");
    ChatOptions penalties =
        ChatOptions.builder().frequencyPenalty(50.0).presencePenalty(50.0).build();
    assertThat(text(chat.call(prompt(penalties)))).isNotEqualTo(plain);
  }

  @Test
  void anAnswerIsHeldToItsSchema() {
    String schema =
        """
        {"type": "object", "properties": {"mood": {"enum": ["glad", "sad"]}}, "required": ["mood"]}
        """;
    ChatOptions options = Ggml4jChatOptions.builder().outputSchema(schema).build();
    assertThat(text(chat.call(prompt(options))))
        .matches("\\{\\s*\"mood\"\\s*:\\s*\"(glad|sad)\"\\s*}");
  }

  @Test
  void aConversationIsRead() {
    ChatResponse response =
        chat.call(
            new Prompt(
                new SystemMessage("Be brief."),
                new UserMessage("Hello"),
                new AssistantMessage("Hi"),
                new UserMessage(STORY)));
    assertThat(text(response)).isNotBlank();
    int tokens =
        model
            .tokenizer()
            .encode("Be brief.\n\nUser: Hello\nAssistant: Hi\nUser: " + STORY + "\nAssistant:")
            .length;
    assertThat(response.getMetadata().getUsage().getPromptTokens()).isBetween(tokens, tokens + 1);
  }

  @Test
  void aStreamIsTheSameAnswerInPieces() {
    List<ChatResponse> pieces =
        chat.stream(prompt(ChatOptions.builder().build()))
            .collectList()
            .block(Duration.ofMinutes(1));
    assertThat(pieces).hasSizeGreaterThan(5);
    StringBuilder all = new StringBuilder();
    pieces.forEach(piece -> all.append(text(piece)));
    assertThat(all.toString()).isEqualTo(chat.call(STORY));
    ChatResponse last = pieces.get(pieces.size() - 1);
    assertThat(text(last)).isEmpty();
    assertThat(last.getResult().getMetadata().getFinishReason()).isEqualTo("LENGTH");
    assertThat(last.getMetadata().getUsage().getCompletionTokens()).isEqualTo(40);
  }

  @Test
  void whoCancelsAStreamStopsTheModel() throws InterruptedException {
    AtomicInteger steps = new AtomicInteger();
    CountDownLatch over = new CountDownLatch(1);
    Ggml4jChatModel counted =
        StoryTeller.chat(
            pool,
            GenerationConfig.greedy()
                .withMaxTokens(400)
                .withProcessor(
                    logits -> {
                      logits.ban(model.tokenizer().special().eos().orElseThrow());
                      steps.incrementAndGet();
                    }),
            task ->
                Thread.ofPlatform()
                    .daemon()
                    .start(
                        () -> {
                          task.run();
                          over.countDown();
                        }));
    List<ChatResponse> first =
        counted.stream(new Prompt(STORY)).take(3).collectList().block(Duration.ofMinutes(1));
    assertThat(first).hasSize(3);
    assertThat(over.await(1, TimeUnit.MINUTES)).isTrue();
    assertThat(steps.get()).isLessThan(20);
  }

  @Test
  void reasoningIsToldApart() {
    ChatTemplate thinking =
        ChatTemplate.parse("{# </think> #}{{ messages[0].content }}<think>", "", "");
    try (ChatPool own =
        new ChatPool(
            model, thinking, SessionOptions.defaults().withContext(256).withThreads(1), 0)) {
      Ggml4jChatModel thinker = StoryTeller.chat(own, GenerationConfig.greedy().withMaxTokens(10));
      AssistantMessage answer = thinker.call(new Prompt(STORY)).getResult().getOutput();
      assertThat(answer.getText()).isEmpty(); // it never stops thinking
      Object reasoning = answer.getMetadata().get(Ggml4jChatModel.REASONING);
      StringBuilder pieces = new StringBuilder();
      thinker.stream(new Prompt(STORY))
          .doOnNext(
              r -> {
                Object piece =
                    r.getResult().getOutput().getMetadata().get(Ggml4jChatModel.REASONING_PIECE);
                pieces.append(piece == null ? "" : piece);
              })
          .blockLast(Duration.ofMinutes(1));
      assertThat(reasoning).isInstanceOf(String.class).isEqualTo(pieces.toString());
    }
  }

  @Test
  void badRequestsAreRefused() {
    List<ChatOptions> bad =
        List.of(
            ChatOptions.builder().temperature(-1.0).build(),
            ChatOptions.builder().topP(2.0).build(),
            ChatOptions.builder().maxTokens(0).build(),
            ChatOptions.builder().stopSequences(List.of("")).build(),
            ChatOptions.builder().model("other").build(),
            Ggml4jChatOptions.builder().outputSchema("{\"type\": \"nothing\"}").build());
    List<Throwable> heard = new ArrayList<>();
    for (ChatOptions options : bad) {
      assertThatThrownBy(() -> chat.call(prompt(options)))
          .isInstanceOf(IllegalArgumentException.class);
      chat.stream(prompt(options)).doOnError(heard::add).onErrorComplete().blockLast();
    }
    assertThat(heard).hasSize(bad.size()).allMatch(e -> e instanceof IllegalArgumentException);
    UserMessage picture =
        UserMessage.builder()
            .text("What is it?")
            .media(new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(new byte[1])))
            .build();
    assertThatThrownBy(() -> chat.call(new Prompt(picture)))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("image/png");
    assertThatThrownBy(() -> chat.call(new Prompt("long ".repeat(3000))))
        .isInstanceOf(ContextFullException.class);
    Prompt forced = prompt(Ggml4jChatOptions.builder().toolChoice(ToolChoice.REQUIRED).build());
    assertThatThrownBy(() -> chat.call(forced)).isInstanceOf(UnsupportedModelException.class);
  }

  @Test
  void optionsCanBeChangedAndCombined() {
    Ggml4jChatOptions all =
        Ggml4jChatOptions.builder()
            .model("m")
            .temperature(0.5)
            .seed(1L)
            .toolChoice(ToolChoice.NONE)
            .outputSchema("{}")
            .build();
    assertThat(all.mutate().build()).isEqualTo(all).hasSameHashCodeAs(all);
    assertThat(all.mutate().seed(2L).build()).isNotEqualTo(all);
    Ggml4jChatOptions combined =
        all.mutate()
            .combineWith(Ggml4jChatOptions.builder().seed(3L).topK(4))
            .combineWith(ChatOptions.builder().topP(0.5))
            .build();
    assertThat(combined.getSeed()).isEqualTo(3);
    assertThat(combined.getTopK()).isEqualTo(4);
    assertThat(combined.getTopP()).isEqualTo(0.5);
    assertThat(combined.getTemperature()).isEqualTo(0.5);
    assertThat(combined.getToolChoice()).isEqualTo(ToolChoice.NONE);
    assertThat(combined.getOutputSchema()).isEqualTo("{}");
  }
}
