package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;
import org.ggml4j.Model;

/**
 * A {@link ChatModel} in this process. Tool choice {@code REQUIRED} and answers in JSON are forced
 * by a grammar, so they are valid whatever the model would have written. A request may come from
 * any thread; several are computed in turns. Closing it leaves the model open.
 */
public final class Ggml4jChatModel implements ChatModel, AutoCloseable {
  private final ChatEngine engine;

  /** Uses a model, which must stay open as long as this. */
  public Ggml4jChatModel(Model model, Ggml4jOptions options) {
    engine = new ChatEngine(model, options);
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return engine.response(engine.prepare(request).write(text -> {}));
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return engine.defaults();
  }

  @Override
  public List<ChatModelListener> listeners() {
    return engine.options().listeners();
  }

  @Override
  public Set<Capability> supportedCapabilities() {
    return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
  }

  @Override
  public void close() {
    engine.close();
  }
}
