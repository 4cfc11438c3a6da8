package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.ggml4j.Session;
import picocli.CommandLine.Option;

/** Going on with a text another time. */
final class SessionFileOptions {
  @Option(
      names = "--load",
      paramLabel = "SESSION",
      description = "Go on behind the text that --save wrote; the prompt may then be empty.")
  private Optional<Path> load = Optional.empty();

  @Option(
      names = "--save",
      paramLabel = "SESSION",
      description =
          "Save prompt and text at the end, with what was computed for them, to go on another"
              + " time with the same model.")
  private Optional<Path> save = Optional.empty();

  /** Whether the text has a begin already. */
  boolean isLoaded() {
    return load.isPresent();
  }

  /**
   * Before a text is generated.
   *
   * @throws org.ggml4j.SessionFileException if the file is damaged or of another model
   */
  void restore(Session session) throws IOException {
    if (load.isPresent()) {
      session.restore(load.get());
    }
  }

  /** After it was generated. */
  void save(Session session) throws IOException {
    if (save.isPresent()) {
      session.save(save.get());
    }
  }
}
