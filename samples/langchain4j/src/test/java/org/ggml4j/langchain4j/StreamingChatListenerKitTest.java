package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.Model;
import org.junit.jupiter.api.AfterEach;

/** LangChain4j's own tests of listeners to a StreamingChatModel. */
class StreamingChatListenerKitTest extends AbstractStreamingChatModelListenerIT {
  private final Model model = StoryTeller.load();
  private final List<Ggml4jStreamingChatModel> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(Ggml4jStreamingChatModel::close);
    model.close();
  }

  @Override
  protected StreamingChatModel createModel(ChatModelListener listener) {
    Ggml4jStreamingChatModel chat =
        new Ggml4jStreamingChatModel(
            model,
            StoryTeller.options(new Prompter(model))
                .withDefaults(ListenerParameters.of(temperature(), topP(), maxTokens()))
                .withListeners(listener));
    opened.add(chat);
    return chat;
  }

  @Override
  protected StreamingChatModel createFailingModel(ChatModelListener listener) {
    StreamingChatModel chat = createModel(listener);
    opened.forEach(Ggml4jStreamingChatModel::close);
    return chat;
  }

  @Override
  protected String modelName() {
    return "tiny";
  }

  @Override
  protected Class<? extends Exception> expectedExceptionClass() {
    return IllegalStateException.class;
  }
}
