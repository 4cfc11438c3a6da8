package org.ggml4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.ggml4j.GenerationConfig;
import org.ggml4j.ReplyRequest;
import org.ggml4j.chat.Json;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.chat.ToolChoice;
import org.jspecify.annotations.Nullable;

/** LangChain4j's requests as the library's. */
final class Requests {
  private static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";
  private static final String ANY_OBJECT = "{\"type\": \"object\"}";

  private Requests() {}

  /**
   * A request with its parameters.
   *
   * @param generation what applies where it says nothing
   * @throws UnsupportedFeatureException if it has something in it that is not text
   * @throws IllegalArgumentException if a parameter is out of its range
   */
  static ReplyRequest of(ChatRequest request, GenerationConfig generation) {
    ChatRequestParameters p = request.parameters();
    ReplyRequest made =
        ReplyRequest.of(request.messages().stream().map(Requests::message).toList())
            .withConfig(config(p, generation))
            .withTools(tools(p.toolSpecifications()), choice(p.toolChoice()));
    ResponseFormat format = p.responseFormat();
    return format != null && format.type() == ResponseFormatType.JSON
        ? made.withAnswerSchema(
            format.jsonSchema() == null ? ANY_OBJECT : schema(format.jsonSchema().rootElement()))
        : made;
  }

  private static GenerationConfig config(ChatRequestParameters p, GenerationConfig generation) {
    GenerationConfig config = generation;
    if (p.temperature() != null) {
      config = config.withTemperature(p.temperature().floatValue());
    }
    if (p.topP() != null) {
      config = config.withTopP(p.topP().floatValue());
    }
    if (p.topK() != null) {
      config = config.withTopK(p.topK());
    }
    if (p.frequencyPenalty() != null) {
      config = config.withFrequencyPenalty(p.frequencyPenalty().floatValue());
    }
    if (p.presencePenalty() != null) {
      config = config.withPresencePenalty(p.presencePenalty().floatValue());
    }
    if (p.maxOutputTokens() != null) {
      config = config.withMaxTokens(p.maxOutputTokens());
    }
    return p.stopSequences() == null ? config : config.withMoreStop(p.stopSequences());
  }

  private static ToolChoice choice(dev.langchain4j.model.chat.request.@Nullable ToolChoice choice) {
    return choice == null ? ToolChoice.AUTO : ToolChoice.valueOf(choice.name());
  }

  private static List<Tool> tools(@Nullable List<ToolSpecification> specifications) {
    return specifications == null
        ? List.of()
        : specifications.stream().map(Requests::tool).toList();
  }

  private static Tool tool(ToolSpecification tool) {
    return Tool.external(
        tool.name(),
        Objects.requireNonNullElse(tool.description(), ""),
        tool.parameters() == null ? NO_PARAMETERS : schema(tool.parameters()));
  }

  /** The JSON Schema of an element. */
  private static String schema(JsonSchemaElement element) {
    if (element instanceof JsonRawSchema raw) {
      return raw.schema();
    }
    if (!(element instanceof JsonObjectSchema object)) {
      throw new UnsupportedFeatureException(
          "schemas other than of an object are not supported, found "
              + element.getClass().getSimpleName());
    }
    // The text of a tool's parameters is the one public way from an element to JSON.
    String tool = ToolSpecification.builder().name("schema").parameters(object).build().toJson();
    return Json.write(Json.parseObject(tool).get("parameters"));
  }

  private static Message message(ChatMessage message) {
    if (message instanceof SystemMessage system) {
      return Message.system(system.text());
    }
    if (message instanceof UserMessage user) {
      return Message.user(text(user.contents()));
    }
    if (message instanceof AiMessage answer) {
      return Message.assistant(
          Objects.requireNonNullElse(answer.text(), ""),
          Objects.requireNonNullElse(answer.thinking(), ""),
          answer.toolExecutionRequests().stream().map(Requests::call).toList());
    }
    if (message instanceof ToolExecutionResultMessage result) {
      ToolCall call =
          new ToolCall(Objects.requireNonNullElse(result.id(), ""), result.toolName(), "{}");
      return Message.tool(call, text(result.contents()));
    }
    throw new UnsupportedFeatureException(
        "messages of type " + message.type() + " are not supported");
  }

  private static ToolCall call(ToolExecutionRequest request) {
    return new ToolCall(
        Objects.requireNonNullElse(request.id(), ""),
        request.name(),
        Objects.requireNonNullElse(request.arguments(), "{}"));
  }

  private static String text(List<Content> contents) {
    StringBuilder text = new StringBuilder();
    for (Content content : contents) {
      if (!(content instanceof TextContent part)) {
        String type = content.type().name().toLowerCase(Locale.ROOT);
        throw new UnsupportedFeatureException("contents of type " + type + " are not supported");
      }
      text.append(text.isEmpty() ? "" : "\n").append(part.text());
    }
    return text.toString();
  }
}
