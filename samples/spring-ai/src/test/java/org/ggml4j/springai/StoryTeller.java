package org.ggml4j.springai;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import org.ggml4j.ChatPool;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.SessionOptions;

/** The model that comes with the command, telling its likeliest story. */
final class StoryTeller {
  private static final Path FILE =
      Path.of("../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf");

  private StoryTeller() {}

  static Model load() throws IOException {
    return Model.load(FILE);
  }

  static ChatPool pool(Model model) {
    return ChatPool.of(model, SessionOptions.defaults().withContext(1024).withThreads(1), 8);
  }

  static Ggml4jChatModel chat(ChatPool pool, GenerationConfig generation) {
    return chat(pool, generation, task -> Thread.ofPlatform().daemon().start(task));
  }

  static Ggml4jChatModel chat(ChatPool pool, GenerationConfig generation, Executor executor) {
    return new Ggml4jChatModel(
        pool, generation, Ggml4jChatOptions.builder().model("tiny").build(), executor);
  }
}
