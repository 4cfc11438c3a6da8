package org.ggml4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import org.ggml4j.Model;
import org.jspecify.annotations.Nullable;

/**
 * A {@link StreamingChatModel} in this process; for all else see {@link Ggml4jChatModel}. The
 * handler is called in the thread that computes.
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

  /** Ends one generation, when the handler wants no more of it. */
  private static final class Handle implements StreamingHandle {
    private @Nullable Runnable cancel;
    private boolean cancelled;

    synchronized void begins(Runnable action) {
      cancel = action;
    }

    @Override
    public synchronized void cancel() {
      cancelled = true;
      if (cancel != null) {
        cancel.run();
      }
    }

    @Override
    public synchronized boolean isCancelled() {
      return cancelled;
    }
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    executor.execute(() -> answer(request, handler));
  }

  private void answer(ChatRequest request, StreamingChatResponseHandler handler) {
    Handle handle = new Handle();
    PartialResponseContext context = new PartialResponseContext(handle);
    try {
      ChatResponse response =
          engine.answer(
              request,
              new ChatEngine.Watcher() {
                @Override
                public void begins(Runnable cancel) {
                  handle.begins(cancel);
                }

                @Override
                public void text(String piece) {
                  if (!handle.isCancelled()) {
                    handler.onPartialResponse(new PartialResponse(piece), context);
                  }
                }
              });
      if (handle.isCancelled()) {
        return; // whoever cancels hears no more of it
      }
      List<ToolExecutionRequest> calls = response.aiMessage().toolExecutionRequests();
      for (int i = 0; i < calls.size(); i++) {
        handler.onCompleteToolCall(new CompleteToolCall(i, calls.get(i)));
      }
      handler.onCompleteResponse(response);
    } catch (Throwable e) { // the handler is the only one who can hear of it
      handler.onError(e);
    }
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return engine.options().defaults();
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
