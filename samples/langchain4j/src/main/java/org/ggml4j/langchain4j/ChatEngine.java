package org.ggml4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.UUID;
import org.ggml4j.ChatPool;
import org.ggml4j.ChatReply;
import org.ggml4j.Model;
import org.ggml4j.PendingReply;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.jinja.TemplateException;
import org.ggml4j.schema.UnsupportedSchemaException;

/** What both chat models have in common. */
final class ChatEngine implements AutoCloseable {
  private final Ggml4jOptions options;
  private final ChatRequestParameters defaults;
  private final ChatPool pool;

  ChatEngine(Model model, Ggml4jOptions options) {
    this.options = options;
    checkName(options.defaults());
    defaults =
        options
            .defaults()
            .overrideWith(ChatRequestParameters.builder().modelName(options.name()).build());
    pool =
        options
            .template()
            .map(t -> new ChatPool(model, t, options.session(), options.keptConversations()))
            .orElseGet(() -> ChatPool.of(model, options.session(), options.keptConversations()));
  }

  Ggml4jOptions options() {
    return options;
  }

  /** Parameters of requests that don't name them, with the model's name. */
  ChatRequestParameters defaults() {
    return defaults;
  }

  /**
   * The reply to a request, which is not yet written.
   *
   * @throws UnsupportedFeatureException if the request asks for what can't be done
   * @throws InvalidRequestException if something in it is wrong
   */
  PendingReply prepare(ChatRequest request) {
    checkName(request.parameters());
    try {
      return pool.prepare(Requests.of(request, options.generation()));
    } catch (UnsupportedModelException | UnsupportedSchemaException e) {
      throw new UnsupportedFeatureException("not supported: " + e.getMessage());
    } catch (IllegalArgumentException | TemplateException e) {
      throw new InvalidRequestException(e);
    }
  }

  private void checkName(ChatRequestParameters p) {
    if (p.modelName() != null && !p.modelName().equals(options.name())) {
      throw new UnsupportedFeatureException(
          "the modelName '"
              + p.modelName()
              + "' is not supported: this is the model '"
              + options.name()
              + "'");
    }
  }

  /** LangChain4j's form of a reply. */
  ChatResponse response(ChatReply reply) {
    Message message = reply.message();
    List<ToolExecutionRequest> calls = message.toolCalls().stream().map(ChatEngine::call).toList();
    AiMessage.Builder answer = AiMessage.builder().toolExecutionRequests(calls);
    if (!message.content().isEmpty() || calls.isEmpty()) {
      answer.text(message.content());
    }
    if (!message.reasoning().isEmpty()) {
      answer.thinking(message.reasoning());
    }
    int input = reply.keptTokens() + reply.stats().promptTokens();
    return ChatResponse.builder()
        .id(UUID.randomUUID().toString())
        .aiMessage(answer.build())
        .modelName(options.name())
        .tokenUsage(new TokenUsage(input, reply.stats().generatedTokens()))
        .finishReason(calls.isEmpty() ? reason(reply.reason()) : FinishReason.TOOL_EXECUTION)
        .build();
  }

  static ToolExecutionRequest call(ToolCall call) {
    return ToolExecutionRequest.builder()
        .id(call.id())
        .name(call.name())
        .arguments(call.arguments())
        .build();
  }

  private static FinishReason reason(StopReason reason) {
    return switch (reason) {
      case END_OF_TEXT, STOP_STRING -> FinishReason.STOP;
      case TOKEN_LIMIT, CONTEXT_FULL -> FinishReason.LENGTH;
      case CANCELLED -> FinishReason.OTHER;
    };
  }

  @Override
  public void close() {
    pool.close();
  }
}
