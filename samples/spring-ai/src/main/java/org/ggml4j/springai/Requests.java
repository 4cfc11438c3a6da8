package org.ggml4j.springai;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import org.ggml4j.GenerationConfig;
import org.ggml4j.ReplyRequest;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.chat.ToolChoice;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;

/** A prompt as the library's request: its own options first, then the model's. */
final class Requests {
  private final List<ChatOptions> options = new ArrayList<>();
  private final Prompt prompt;

  private Requests(Prompt prompt, Ggml4jChatOptions defaults) {
    this.prompt = prompt;
    if (prompt.getOptions() != null) {
      options.add(prompt.getOptions());
    }
    options.add(defaults);
  }

  /**
   * A prompt with its options.
   *
   * @param defaults what applies where it says nothing
   * @param generation what applies where they say nothing either
   * @throws UnsupportedOperationException if it has something in it that is not text
   * @throws IllegalArgumentException if an option is out of its range, or it is for another model
   */
  static ReplyRequest of(Prompt prompt, Ggml4jChatOptions defaults, GenerationConfig generation) {
    Requests requests = new Requests(prompt, defaults);
    String model = requests.option(ChatOptions::getModel);
    if (model != null && !model.equals(defaults.getModel())) {
      throw new IllegalArgumentException(
          "model: this is '" + defaults.getModel() + "', found '" + model + "'");
    }
    return requests.request(generation);
  }

  private ReplyRequest request(GenerationConfig generation) {
    List<Message> messages = new ArrayList<>();
    prompt.getInstructions().forEach(message -> add(message, messages));
    ReplyRequest request =
        ReplyRequest.of(messages).withConfig(config(generation)).withTools(tools(), toolChoice());
    String schema =
        option(o -> o instanceof StructuredOutputChatOptions s ? s.getOutputSchema() : null);
    return schema == null ? request : request.withAnswerSchema(schema);
  }

  /** Reads an option, which may not be set. */
  private interface Getter<T> {
    @Nullable T get(ChatOptions options);
  }

  private <T> @Nullable T option(Getter<T> getter) {
    for (ChatOptions some : options) {
      T value = getter.get(some);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  private <T> GenerationConfig set(
      GenerationConfig config,
      Getter<T> getter,
      BiFunction<GenerationConfig, T, GenerationConfig> setter) {
    T value = option(getter);
    return value == null ? config : setter.apply(config, value);
  }

  private GenerationConfig config(GenerationConfig generation) {
    GenerationConfig c = generation;
    c = set(c, ChatOptions::getTemperature, (to, v) -> to.withTemperature(v.floatValue()));
    c = set(c, ChatOptions::getTopP, (to, v) -> to.withTopP(v.floatValue()));
    c = set(c, ChatOptions::getTopK, GenerationConfig::withTopK);
    c = set(c, ChatOptions::getMaxTokens, GenerationConfig::withMaxTokens);
    c = set(c, ChatOptions::getStopSequences, GenerationConfig::withMoreStop);
    c =
        set(
            c,
            ChatOptions::getFrequencyPenalty,
            (to, v) -> to.withFrequencyPenalty(v.floatValue()));
    c = set(c, ChatOptions::getPresencePenalty, (to, v) -> to.withPresencePenalty(v.floatValue()));
    return set(
        c,
        o -> o instanceof Ggml4jChatOptions own ? own.getSeed() : null,
        GenerationConfig::withSeed);
  }

  private List<Tool> tools() {
    List<ToolCallback> callbacks =
        option(o -> o instanceof ToolCallingChatOptions t ? t.getToolCallbacks() : null);
    return callbacks == null
        ? List.of()
        : callbacks.stream().map(callback -> tool(callback.getToolDefinition())).toList();
  }

  private static Tool tool(ToolDefinition tool) {
    return Tool.external(tool.name(), tool.description(), tool.inputSchema());
  }

  private ToolChoice toolChoice() {
    ToolChoice choice =
        option(o -> o instanceof Ggml4jChatOptions own ? own.getToolChoice() : null);
    List<org.springframework.ai.chat.messages.Message> messages = prompt.getInstructions();
    boolean answered =
        !messages.isEmpty() && messages.get(messages.size() - 1) instanceof ToolResponseMessage;
    return choice == null || (choice == ToolChoice.REQUIRED && answered) ? ToolChoice.AUTO : choice;
  }

  private static void add(
      org.springframework.ai.chat.messages.Message message, List<Message> messages) {
    if (message instanceof MediaContent content && !content.getMedia().isEmpty()) {
      throw new UnsupportedOperationException(
          "media in messages are not supported, found "
              + content.getMedia().iterator().next().getMimeType());
    }
    if (message instanceof SystemMessage system) {
      messages.add(Message.system(text(system.getText())));
    } else if (message instanceof UserMessage user) {
      messages.add(Message.user(text(user.getText())));
    } else if (message instanceof AssistantMessage answer) {
      Object reasoning = answer.getMetadata().get(Ggml4jChatModel.REASONING);
      messages.add(
          Message.assistant(
              text(answer.getText()),
              reasoning instanceof String thought ? thought : "",
              answer.getToolCalls().stream()
                  .map(call -> new ToolCall(call.id(), call.name(), call.arguments()))
                  .toList()));
    } else if (message instanceof ToolResponseMessage results) {
      for (ToolResponseMessage.ToolResponse result : results.getResponses()) {
        messages.add(
            Message.tool(new ToolCall(result.id(), result.name(), "{}"), result.responseData()));
      }
    } else {
      throw new UnsupportedOperationException(
          "messages of type " + message.getMessageType() + " are not supported");
    }
  }

  private static String text(@Nullable String text) {
    return Objects.requireNonNullElse(text, "");
  }
}
