package org.ggml4j.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.ggml4j.hub.ModelFolder;
import org.ggml4j.hub.ModelName;
import org.ggml4j.hub.StoredModel;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A model's file, or the name of one in the model folder; a file of that name comes first. */
final class ModelPath implements ITypeConverter<Path> {
  private static final Pattern LIKE_A_REPOSITORY =
      Pattern.compile("[\\w][\\w.-]*/[\\w][\\w.-]*(:[\\w.-]+)?");

  @Override
  public Path convert(String value) throws IOException {
    boolean name = ModelName.isName(value);
    if (!name) {
      Optional<Path> file = path(value);
      if (file.isPresent() && Files.exists(file.get())) {
        return file.get();
      }
    }
    ModelFolder folder = ModelFolder.ofEnvironment(System.getenv());
    Optional<StoredModel> model;
    try {
      model = folder.find(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
    if (model.isPresent() && model.get().complete()) {
      return model.get().file();
    }
    boolean repository = !value.endsWith(".gguf") && LIKE_A_REPOSITORY.matcher(value).matches();
    if (model.isPresent() || name || repository) {
      String full = name ? value : ModelName.HUB_PREFIX + value;
      throw new FileNotFoundException(
          (model.isPresent()
                  ? "the model " + value + " has not arrived completely"
                  : name
                      ? "the model " + value + " is not in " + folder.root()
                      : "there is no file " + value + ", and no such model in " + folder.root())
              + ": get it with \"ggml4j pull "
              + (model.isPresent() ? model.get().name() : full)
              + "\"");
    }
    return path(value)
        .orElseThrow(() -> new TypeConversionException("'" + value + "' is no file's name"));
  }

  private static Optional<Path> path(String value) {
    try {
      return Optional.of(Path.of(value));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
