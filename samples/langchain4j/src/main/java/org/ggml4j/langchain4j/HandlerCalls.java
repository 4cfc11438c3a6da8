package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import org.ggml4j.PendingReply;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.ToolCall;

/** Tells a handler what is written. Whoever cancels hears no more of it. */
final class HandlerCalls implements ReplyListener, StreamingHandle {
  private final StreamingChatResponseHandler handler;
  private final PendingReply reply;
  private int toolCalls;
  private volatile boolean cancelled;

  HandlerCalls(StreamingChatResponseHandler handler, PendingReply reply) {
    this.handler = handler;
    this.reply = reply;
  }

  @Override
  public void answer(String text) {
    tell(
        () ->
            handler.onPartialResponse(new PartialResponse(text), new PartialResponseContext(this)));
  }

  @Override
  public void reasoning(String text) {
    tell(
        () ->
            handler.onPartialThinking(new PartialThinking(text), new PartialThinkingContext(this)));
  }

  @Override
  public void toolCall(ToolCall call) {
    CompleteToolCall complete = new CompleteToolCall(toolCalls++, ChatEngine.call(call));
    tell(() -> handler.onCompleteToolCall(complete));
  }

  void completed(ChatResponse response) {
    tell(() -> handler.onCompleteResponse(response));
  }

  void failed(Throwable problem) {
    if (cancelled) {
      return;
    }
    try {
      handler.onError(problem);
    } catch (RuntimeException e) {
      // nobody is left to hear of it
    }
  }

  private void tell(Runnable what) {
    if (cancelled) {
      return;
    }
    try {
      what.run();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  @Override
  public void cancel() {
    cancelled = true;
    reply.cancel();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }
}
