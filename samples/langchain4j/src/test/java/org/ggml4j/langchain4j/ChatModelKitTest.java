package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.common.ChatResponseAndStreamingMetadata;
import dev.langchain4j.model.chat.request.ChatRequest;
import org.ggml4j.Model;

/** LangChain4j's own tests of a ChatModel. */
class ChatModelKitTest extends ChatKit<Ggml4jChatModel> {
  @Override
  Ggml4jChatModel open(Model model, Ggml4jOptions options) {
    return new Ggml4jChatModel(model, options);
  }

  @Override
  protected ChatResponseAndStreamingMetadata chat(Ggml4jChatModel model, ChatRequest request) {
    return new ChatResponseAndStreamingMetadata(model.chat(request), null);
  }
}
