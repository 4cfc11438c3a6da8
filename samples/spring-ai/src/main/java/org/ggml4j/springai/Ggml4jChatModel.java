package org.ggml4j.springai;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.ggml4j.ChatPool;
import org.ggml4j.ChatReply;
import org.ggml4j.GenerationConfig;
import org.ggml4j.PendingReply;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.decode.StopReason;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * A {@link ChatModel} in this process. Calls of tools and answers in JSON are held to their schemas
 * by a grammar. It runs no tools: a ChatClient does, or who calls it, with a {@link
 * org.springframework.ai.model.tool.ToolCallingManager}. A request may come from any thread;
 * several are computed in turns.
 */
public final class Ggml4jChatModel implements ChatModel {
  /** Key, in an answer's metadata, of what the model thought before it. */
  public static final String REASONING = "reasoning";

  /** Key, in the metadata of a piece without text, of a piece of what the model thinks. */
  public static final String REASONING_PIECE = "reasoningPiece";

  private final ChatPool pool;
  private final GenerationConfig generation;
  private final Ggml4jChatOptions options;
  private final Executor executor;

  /**
   * Uses a pool, which must stay open as long as this; streams get a thread each.
   *
   * @param name what the model is called in requests and answers
   */
  public Ggml4jChatModel(ChatPool pool, String name) {
    this(
        pool,
        GenerationConfig.defaults(),
        Ggml4jChatOptions.builder().model(name).build(),
        task -> Thread.ofPlatform().daemon().name("ggml4j-chat").start(task));
  }

  /**
   * Uses a pool, which must stay open as long as this.
   *
   * @param generation what applies where neither a request nor the options say otherwise
   * @param options what applies where a request says nothing; with the model's name
   * @param executor computes what is streamed
   */
  public Ggml4jChatModel(
      ChatPool pool, GenerationConfig generation, Ggml4jChatOptions options, Executor executor) {
    this.pool = pool;
    this.generation = generation;
    this.options = options;
    this.executor = executor;
  }

  @Override
  public Ggml4jChatOptions getOptions() {
    return options;
  }

  /**
   * The answer to a prompt.
   *
   * @throws IllegalArgumentException if an option is out of its range, a schema can't be made into
   *     a grammar, or it is for another model
   * @throws UnsupportedOperationException if there is something but text in it
   * @throws org.ggml4j.gguf.UnsupportedModelException if a call is required, and the model's form
   *     of calls is none that can be forced
   * @throws org.ggml4j.jinja.TemplateException if the model's template refuses the conversation
   * @throws org.ggml4j.nn.ContextFullException if it does not fit
   */
  @Override
  public ChatResponse call(Prompt prompt) {
    ChatReply reply = prepare(prompt).write(text -> {});
    return last(reply, reply.message().content());
  }

  /**
   * The answer to a prompt, in pieces as they are written; the last one has no text, but the calls
   * of tools, why it ended, and figures. Each subscriber gets an answer of its own; one that
   * cancels stops the model, also inside a step. What {@link #call(Prompt)} throws, arrives as an
   * error.
   */
  @Override
  public Flux<ChatResponse> stream(Prompt prompt) {
    return Flux.create(
        sink -> {
          PendingReply reply = prepare(prompt);
          sink.onCancel(reply::cancel);
          executor.execute(() -> write(reply, sink));
        });
  }

  private PendingReply prepare(Prompt prompt) {
    return pool.prepare(Requests.of(prompt, options, generation));
  }

  private void write(PendingReply reply, FluxSink<ChatResponse> sink) {
    try {
      ChatReply written =
          reply.write(
              new ReplyListener() {
                @Override
                public void answer(String text) {
                  sink.next(piece(text, Map.of()));
                }

                @Override
                public void reasoning(String text) {
                  sink.next(piece("", Map.of(REASONING_PIECE, text)));
                }
              });
      sink.next(last(written, ""));
      sink.complete();
    } catch (Throwable e) { // the subscriber is the only one who can hear of it
      sink.error(e);
    }
  }

  private ChatResponse piece(String text, Map<String, Object> metadata) {
    AssistantMessage message =
        AssistantMessage.builder().content(text).properties(metadata).build();
    return new ChatResponse(
        List.of(new Generation(message)), ChatResponseMetadata.builder().model(name()).build());
  }

  private ChatResponse last(ChatReply reply, String text) {
    Message message = reply.message();
    AssistantMessage answer =
        AssistantMessage.builder()
            .content(text)
            .properties(
                message.reasoning().isEmpty() ? Map.of() : Map.of(REASONING, message.reasoning()))
            .toolCalls(message.toolCalls().stream().map(Ggml4jChatModel::toolCall).toList())
            .build();
    String reason = message.toolCalls().isEmpty() ? reason(reply.reason()) : "TOOL_CALLS";
    int prompt = reply.keptTokens() + reply.stats().promptTokens();
    int written = reply.stats().generatedTokens();
    return new ChatResponse(
        List.of(
            new Generation(answer, ChatGenerationMetadata.builder().finishReason(reason).build())),
        ChatResponseMetadata.builder()
            .id(UUID.randomUUID().toString())
            .model(name())
            .usage(
                new DefaultUsage(
                    prompt,
                    written,
                    prompt + written,
                    reply.stats(),
                    (long) reply.keptTokens(),
                    null))
            .build());
  }

  private String name() {
    String name = options.getModel();
    return name == null ? "" : name;
  }

  private static AssistantMessage.ToolCall toolCall(ToolCall call) {
    return new AssistantMessage.ToolCall(call.id(), "function", call.name(), call.arguments());
  }

  private static String reason(StopReason reason) {
    return switch (reason) {
      case END_OF_TEXT, STOP_STRING -> "STOP";
      case TOKEN_LIMIT, CONTEXT_FULL -> "LENGTH";
      case CANCELLED -> "CANCELLED";
    };
  }
}
