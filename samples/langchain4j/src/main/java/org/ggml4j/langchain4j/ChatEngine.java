package org.ggml4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.ggml4j.Generation;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.Piece;
import org.ggml4j.Session;
import org.ggml4j.SessionPool;
import org.ggml4j.decode.StopReason;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.schema.JsonSchema;

/** Answers requests: what both chat models have in common. */
final class ChatEngine implements AutoCloseable {
  /** Watches a generation. */
  interface Watcher {
    /** It begins, and can be cancelled. */
    void begins(Runnable cancel);

    /** Text of the answer; not called for what turns out to be a call of a tool. */
    void text(String piece);
  }

  private static final String ANY_OBJECT = "{\"type\": \"object\"}";

  private final Ggml4jOptions options;
  private final SessionPool pool;
  private final AtomicLong calls = new AtomicLong();

  ChatEngine(Model model, Ggml4jOptions options) {
    this.options = options;
    this.pool = model.newSessionPool(options.session(), options.keptConversations());
  }

  Ggml4jOptions options() {
    return options;
  }

  /** Computes the answer; the watcher hears of it as it comes. */
  ChatResponse answer(ChatRequest request, Watcher watcher) {
    ChatRequestParameters p = request.parameters();
    checkSupported(p);
    List<ToolSpecification> tools =
        p.toolSpecifications() == null || p.toolChoice() == ToolChoice.NONE
            ? List.of()
            : p.toolSpecifications();
    GenerationConfig config = config(p, tools);
    String prompt = options.format().render(request.messages(), tools);
    try (Session session = pool.acquire(prompt)) {
      int promptTokens = session.tokens().length;
      Generation generation = session.generate(config);
      watcher.begins(generation::cancel);
      String text = read(generation, !tools.isEmpty(), watcher);
      Optional<ToolExecutionRequest> call =
          tools.isEmpty() || !text.startsWith("{")
              ? Optional.empty()
              : ToolCalls.read(text, "call-" + calls.incrementAndGet());
      return ChatResponse.builder()
          .aiMessage(call.map(c -> AiMessage.from(c)).orElseGet(() -> AiMessage.from(text)))
          .modelName(options.name())
          .tokenUsage(new TokenUsage(promptTokens, generation.stats().generatedTokens()))
          .finishReason(
              call.isPresent() ? FinishReason.TOOL_EXECUTION : reason(generation.stats().reason()))
          .build();
    }
  }

  /** The answer without spaces at its ends; those before its end are told when more follows. */
  private static String read(Generation generation, boolean tools, Watcher watcher) {
    StringBuilder text = new StringBuilder();
    int told = 0;
    for (Piece piece : generation) {
      text.append(text.isEmpty() ? piece.text().stripLeading() : piece.text());
      boolean call = tools && !text.isEmpty() && text.charAt(0) == '{';
      int end = text.toString().stripTrailing().length();
      if (!call && end > told) {
        watcher.text(text.substring(told, end));
        told = end;
      }
    }
    return text.toString().strip();
  }

  private static FinishReason reason(StopReason reason) {
    return switch (reason) {
      case END_OF_TEXT, STOP_STRING -> FinishReason.STOP;
      case TOKEN_LIMIT, CONTEXT_FULL -> FinishReason.LENGTH;
      case CANCELLED -> FinishReason.OTHER;
    };
  }

  private void checkSupported(ChatRequestParameters p) {
    if (p.modelName() != null && !p.modelName().equals(options.name())) {
      throw new UnsupportedFeatureException(
          "this is the model " + options.name() + ", not " + p.modelName());
    }
    if (p.frequencyPenalty() != null || p.presencePenalty() != null) {
      throw new UnsupportedFeatureException("penalties of repetition");
    }
  }

  private GenerationConfig config(ChatRequestParameters p, List<ToolSpecification> tools) {
    GenerationConfig config = options.generation();
    if (p.temperature() != null) {
      config = config.withTemperature(p.temperature().floatValue());
    }
    if (p.topP() != null) {
      config = config.withTopP(p.topP().floatValue());
    }
    if (p.topK() != null) {
      config = config.withTopK(p.topK());
    }
    if (p.maxOutputTokens() != null) {
      config = config.withMaxTokens(p.maxOutputTokens());
    }
    List<String> stops = new ArrayList<>(config.stop());
    stops.addAll(options.format().stops());
    if (p.stopSequences() != null) {
      stops.addAll(p.stopSequences());
    }
    config = config.withStop(stops.toArray(String[]::new));
    Optional<String> gbnf = grammar(p, tools);
    return gbnf.isPresent() ? config.withGrammar(Grammar.parse(gbnf.get())) : config;
  }

  private static Optional<String> grammar(ChatRequestParameters p, List<ToolSpecification> tools) {
    ResponseFormat format = p.responseFormat();
    boolean json = format != null && format.type() == ResponseFormatType.JSON;
    if (tools.isEmpty()) {
      return json ? Optional.of(JsonSchema.toGbnf(schema(format))) : Optional.empty();
    }
    String call = JsonSchema.toGbnf(ToolCalls.schema(tools));
    if (p.toolChoice() == ToolChoice.REQUIRED) {
      return Optional.of(call);
    }
    if (json) {
      throw new UnsupportedFeatureException(
          "an answer in JSON and tools that may be called, both in one request");
    }
    // What begins as a call must be one; all else is text.
    return Optional.of(
        call.replaceFirst("(?m)^root ::=", "tool-call ::=")
            + "\nroot ::= [ \\n]* (tool-call | [^{ \\n] [\\U00000001-\\U0010FFFF]*)\n");
  }

  private static String schema(ResponseFormat format) {
    return format.jsonSchema() == null
        ? ANY_OBJECT
        : Schemas.json(format.jsonSchema().rootElement());
  }

  /** An answer to nobody in particular. */
  static Watcher nobody() {
    return new Watcher() {
      @Override
      public void begins(Runnable cancel) {}

      @Override
      public void text(String piece) {}
    };
  }

  @Override
  public void close() {
    pool.close();
  }
}
