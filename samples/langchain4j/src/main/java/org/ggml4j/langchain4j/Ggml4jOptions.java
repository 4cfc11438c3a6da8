package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import java.util.Optional;
import org.ggml4j.GenerationConfig;
import org.ggml4j.SessionOptions;
import org.ggml4j.chat.ChatTemplate;

/**
 * How a model answers.
 *
 * @param name what the model is called in requests and answers
 * @param session of the conversations; all of them share its context
 * @param keptConversations how many are kept, so that the next turn computes only what is new
 * @param generation what applies where neither a request nor the defaults say otherwise
 * @param template how a conversation becomes text; empty for the one that the model's file carries,
 *     or {@link ChatTemplate#transcript} if it carries none
 * @param defaults parameters of requests that don't name them
 * @param listeners are told of each request and answer
 */
public record Ggml4jOptions(
    String name,
    SessionOptions session,
    int keptConversations,
    GenerationConfig generation,
    Optional<ChatTemplate> template,
    ChatRequestParameters defaults,
    List<ChatModelListener> listeners) {
  /** Copies the list. */
  public Ggml4jOptions {
    listeners = List.copyOf(listeners);
  }

  /** The model's own template, eight conversations kept, the library's defaults for all else. */
  public static Ggml4jOptions defaults(String name) {
    return new Ggml4jOptions(
        name,
        SessionOptions.defaults(),
        8,
        GenerationConfig.defaults(),
        Optional.empty(),
        ChatRequestParameters.builder().build(),
        List.of());
  }

  /** With other sessions. */
  public Ggml4jOptions withSession(SessionOptions other) {
    return new Ggml4jOptions(
        name, other, keptConversations, generation, template, defaults, listeners);
  }

  /** With other ways to generate. */
  public Ggml4jOptions withGeneration(GenerationConfig other) {
    return new Ggml4jOptions(
        name, session, keptConversations, other, template, defaults, listeners);
  }

  /** With another template than the model's own. */
  public Ggml4jOptions withTemplate(ChatTemplate other) {
    return new Ggml4jOptions(
        name, session, keptConversations, generation, Optional.of(other), defaults, listeners);
  }

  /** With other parameters of requests. */
  public Ggml4jOptions withDefaults(ChatRequestParameters other) {
    return new Ggml4jOptions(
        name, session, keptConversations, generation, template, other, listeners);
  }

  /** With these listeners. */
  public Ggml4jOptions withListeners(ChatModelListener... others) {
    return new Ggml4jOptions(
        name, session, keptConversations, generation, template, defaults, List.of(others));
  }
}
