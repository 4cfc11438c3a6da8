package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.Model;
import org.junit.jupiter.api.AfterEach;

/** LangChain4j's own tests of listeners to a ChatModel. */
class ChatListenerKitTest extends AbstractChatModelListenerIT {
  private final Model model = StoryTeller.load();
  private final List<Ggml4jChatModel> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(Ggml4jChatModel::close);
    model.close();
  }

  @Override
  protected ChatModel createModel(ChatModelListener listener) {
    Ggml4jChatModel chat =
        new Ggml4jChatModel(
            model,
            StoryTeller.options(new Prompter(model))
                .withDefaults(ListenerParameters.of(temperature(), topP(), maxTokens()))
                .withListeners(listener));
    opened.add(chat);
    return chat;
  }

  @Override
  protected ChatModel createFailingModel(ChatModelListener listener) {
    ChatModel chat = createModel(listener);
    opened.forEach(Ggml4jChatModel::close);
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
