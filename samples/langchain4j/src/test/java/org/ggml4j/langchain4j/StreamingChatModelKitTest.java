package org.ggml4j.langchain4j;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.argThat;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.common.ChatResponseAndStreamingMetadata;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import org.ggml4j.Model;
import org.mockito.InOrder;
import org.mockito.Mockito;

/** LangChain4j's own tests of a StreamingChatModel. */
class StreamingChatModelKitTest extends ChatKit<Ggml4jStreamingChatModel> {
  @Override
  Ggml4jStreamingChatModel open(Model model, Ggml4jOptions options) {
    return new Ggml4jStreamingChatModel(model, options);
  }

  @Override
  protected ChatResponseAndStreamingMetadata chat(
      Ggml4jStreamingChatModel model, ChatRequest request) {
    return AbstractStreamingChatModelIT.chatViaHandler(model, request, handle -> {}, 60, true);
  }

  @Override
  protected void verifyToolCallbacks(
      StreamingChatResponseHandler handler, InOrder order, ExpectedToolCall... expected) {
    for (ExpectedToolCall call : expected) {
      order
          .verify(handler)
          .onCompleteToolCall(
              argThat(
                  complete -> {
                    ToolExecutionRequest request = complete.toolExecutionRequest();
                    return complete.index() == call.index()
                        && request.id().equals(call.id())
                        && request.name().equals(call.name())
                        && request.arguments().replace(" ", "").equals(call.arguments());
                  }));
    }
    order.verify(handler, Mockito.never()).onPartialToolCall(any(), any());
  }
}
