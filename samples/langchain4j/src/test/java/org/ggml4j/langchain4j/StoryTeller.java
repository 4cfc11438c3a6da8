package org.ggml4j.langchain4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.SessionOptions;
import org.ggml4j.sampling.Sampler;

/** The model that comes with the command. */
final class StoryTeller {
  private static final Path FILE =
      Path.of("../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf");

  private StoryTeller() {}

  static Model load() {
    try {
      return Model.load(FILE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Options with which it tells its likeliest story. */
  static Ggml4jOptions options() {
    return Ggml4jOptions.defaults("tiny")
        .withSession(SessionOptions.defaults().withContext(1024).withThreads(1))
        .withGeneration(GenerationConfig.greedy().withMaxTokens(160));
  }

  /** Options with which something else picks the tokens. */
  static Ggml4jOptions options(Sampler sampler) {
    return options().withGeneration(GenerationConfig.defaults().withSampler(sampler));
  }
}
