package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import org.ggml4j.GenerationConfig;
import org.ggml4j.SessionOptions;

/**
 * How a model answers.
 *
 * @param name what the model is called in answers
 * @param session of the conversations; all of them share its context
 * @param keptConversations how many are kept, so that the next turn computes only what is new
 * @param generation what applies where neither a request nor the defaults say otherwise
 * @param format how a conversation becomes text
 * @param defaults parameters of requests that don't name them
 * @param listeners are told of each request and answer
 */
public record Ggml4jOptions(
    String name,
    SessionOptions session,
    int keptConversations,
    GenerationConfig generation,
    PromptFormat format,
    ChatRequestParameters defaults,
    List<ChatModelListener> listeners) {
  /** Copies the list. */
  public Ggml4jOptions {
    listeners = List.copyOf(listeners);
  }

  /** A plain transcript, eight conversations kept, the library's defaults for all else. */
  public static Ggml4jOptions defaults(String name) {
    return new Ggml4jOptions(
        name,
        SessionOptions.defaults(),
        8,
        GenerationConfig.defaults(),
        PromptFormat.transcript(),
        ChatRequestParameters.builder().build(),
        List.of());
  }

  /** With other sessions. */
  public Ggml4jOptions withSession(SessionOptions other) {
    return new Ggml4jOptions(
        name, other, keptConversations, generation, format, defaults, listeners);
  }

  /** With other ways to generate. */
  public Ggml4jOptions withGeneration(GenerationConfig other) {
    return new Ggml4jOptions(name, session, keptConversations, other, format, defaults, listeners);
  }

  /** With another form of the prompt. */
  public Ggml4jOptions withFormat(PromptFormat other) {
    return new Ggml4jOptions(
        name, session, keptConversations, generation, other, defaults, listeners);
  }

  /** With other parameters of requests. */
  public Ggml4jOptions withDefaults(ChatRequestParameters other) {
    return new Ggml4jOptions(
        name, session, keptConversations, generation, format, other, listeners);
  }

  /** With these listeners. */
  public Ggml4jOptions withListeners(ChatModelListener... others) {
    return new Ggml4jOptions(
        name, session, keptConversations, generation, format, defaults, List.of(others));
  }
}
