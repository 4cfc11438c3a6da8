package org.ggml4j;

import java.util.List;
import java.util.Optional;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolChoice;

/**
 * A whole conversation that wants a reply; for {@link ChatPool}.
 *
 * @param messages what was said, the last one by the user or a tool
 * @param options tools that the model may ask for, which are not run, and variables of the template
 * @param toolChoice whether it has to
 * @param answerSchema JSON Schema of an answer; a reply that calls a tool is none
 * @param config how the reply is generated; a grammar of its own replaces what the others ask for
 */
public record ReplyRequest(
    List<Message> messages,
    ChatTemplate.Options options,
    ToolChoice toolChoice,
    Optional<String> answerSchema,
    GenerationConfig config) {
  public ReplyRequest {
    messages = List.copyOf(messages);
    if (toolChoice == ToolChoice.NONE) {
      options = options.withTools(List.of());
    }
  }

  /** Any reply, without tools, with the default configuration. */
  public static ReplyRequest of(List<Message> messages) {
    return new ReplyRequest(
        messages,
        ChatTemplate.Options.defaults(),
        ToolChoice.AUTO,
        Optional.empty(),
        GenerationConfig.defaults());
  }

  /** This with tools, and whether one has to be called. */
  public ReplyRequest withTools(List<Tool> tools, ToolChoice choice) {
    return new ReplyRequest(messages, options.withTools(tools), choice, answerSchema, config);
  }

  /** This with a variable of the template more. */
  public ReplyRequest withVariable(String name, Object value) {
    return new ReplyRequest(
        messages, options.withVariable(name, value), toolChoice, answerSchema, config);
  }

  /** This with answers held to a JSON Schema. */
  public ReplyRequest withAnswerSchema(String schema) {
    return new ReplyRequest(messages, options, toolChoice, Optional.of(schema), config);
  }

  /** This with {@link #config} replaced. */
  public ReplyRequest withConfig(GenerationConfig how) {
    return new ReplyRequest(messages, options, toolChoice, answerSchema, how);
  }
}
