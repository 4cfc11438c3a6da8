package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import org.ggml4j.Model;
import org.ggml4j.PendingReply;

/**
 * A {@link StreamingChatModel} in this process; for all else see {@link Ggml4jChatModel}. The
 * handler is called in the thread that computes; what it throws, it hears of in {@code onError},
 * and the answer goes on. What is wrong with a request is thrown before anything is computed.
 */
public final class Ggml4jStreamingChatModel implements StreamingChatModel, AutoCloseable {
  private final ChatEngine engine;
  private final Executor executor;

  /** Uses a model, which must stay open as long as this; each request gets a thread. */
  public Ggml4jStreamingChatModel(Model model, Ggml4jOptions options) {
    this(model, options, task -> Thread.ofPlatform().daemon().name("ggml4j-chat").start(task));
  }

  /** Uses a model, which must stay open as long as this, and computes where the executor says. */
  public Ggml4jStreamingChatModel(Model model, Ggml4jOptions options, Executor executor) {
    this.engine = new ChatEngine(model, options);
    this.executor = executor;
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    PendingReply reply = engine.prepare(request);
    executor.execute(() -> answer(reply, new HandlerCalls(handler, reply)));
  }

  private void answer(PendingReply reply, HandlerCalls calls) {
    ChatResponse response;
    try {
      response = engine.response(reply.write(calls));
    } catch (Throwable e) { // the handler is the only one who can hear of it
      calls.failed(e);
      return;
    }
    calls.completed(response);
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

  /** Cancels answers that are being written. The model stays open. */
  @Override
  public void close() {
    engine.close();
  }
}
