package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Speculation;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Where guesses of tokens come from. */
final class SpeculationOption {
  /**
   * What guesses.
   *
   * @param model a smaller model's file; empty for the text itself
   */
  record Source(Optional<Path> model) {}

  /** Reads one from the command line. */
  static final class Converter implements ITypeConverter<Source> {
    @Override
    public Source convert(String value) throws IOException {
      return new Source(
          value.equals("ngram") ? Optional.empty() : Optional.of(new ModelPath().convert(value)));
    }
  }

  @Option(
      names = "--speculate",
      paramLabel = "ngram|MODEL",
      converter = Converter.class,
      description =
          "Guess tokens ahead, so that the same text takes less time. ngram: from the text so far,"
              + " which helps where it repeats itself; MODEL: from a smaller model of the same"
              + " family, by its file or its name.")
  private Optional<Source> source = Optional.empty();

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
    Optional<Path> file = source.get().model();
    if (file.isEmpty()) {
      return new Guesses(Optional.of(Speculation.ngram()), Optional.empty());
    }
    Model draft = Model.load(file.get(), options);
    return new Guesses(Optional.of(Speculation.draft(draft)), Optional.of(draft));
  }
}
