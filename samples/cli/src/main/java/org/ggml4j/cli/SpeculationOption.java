package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Speculation;
import picocli.CommandLine.Option;

/** Where guesses of tokens come from. */
final class SpeculationOption {
  private static final String NGRAM = "ngram";

  @Option(
      names = "--speculate",
      paramLabel = "ngram|MODEL",
      description =
          "Guess tokens ahead, so that the same text takes less time. ngram: from the text so far,"
              + " which helps where it repeats itself; MODEL: from a smaller model of the same"
              + " family.")
  private Optional<String> source = Optional.empty();

  /** What guesses, with the smaller model that it needs. */
  record Guesses(Optional<Speculation> speculation, Optional<Model> draft)
      implements AutoCloseable {
    @Override
    public void close() {
      draft.ifPresent(Model::close);
    }
  }

  /** Loads the smaller model, if there is one. */
  Guesses open(ModelOptions options) throws IOException {
    if (source.isEmpty()) {
      return new Guesses(Optional.empty(), Optional.empty());
    }
    if (source.get().equals(NGRAM)) {
      return new Guesses(Optional.of(Speculation.ngram()), Optional.empty());
    }
    Model draft = Model.load(Path.of(source.get()), options);
    return new Guesses(Optional.of(Speculation.draft(draft)), Optional.of(draft));
  }
}
