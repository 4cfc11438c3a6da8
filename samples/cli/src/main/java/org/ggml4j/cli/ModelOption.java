package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which model is used. */
final class ModelOption {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      converter = ModelPath.class,
      description =
          "GGUF file, of a split model any part, or the name of a model that was pulled. Default:"
              + " the small story teller that comes with the command.")
  private Optional<Path> file = Optional.empty();

  /** Whether nothing was said, so that it is the model that comes with the command. */
  boolean isEmbedded() {
    return file.isEmpty();
  }

  /** The file to open; the embedded model is put into the user's cache first. */
  Path path() throws IOException {
    return file.isPresent() ? file.get() : EmbeddedModel.file();
  }
}
