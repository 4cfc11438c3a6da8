package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.hub.ModelFolder;
import org.ggml4j.hub.StoredModel;
import org.ggml4j.quantize.QuantizationRecipe;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code models}: what is in the user's model folder. */
@Command(
    name = "models",
    description = "Lists the models that were pulled; each name can be given to -m.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class ModelsCommand implements Callable<Integer> {
  private final Streams streams;
  private final Map<String, String> environment;

  @Option(names = "--json", description = "Write one JSON object for each model.")
  private boolean json;

  @Mixin private Common common;

  ModelsCommand(Streams streams, Map<String, String> environment) {
    this.streams = streams;
    this.environment = environment;
  }

  /** What a model's file says of itself. */
  private record Description(String level, String architecture) {
    static Description of(StoredModel model) {
      if (!model.complete()) {
        return new Description("unfinished", "-");
      }
      try (GgufFile file = GgufFile.open(model.file())) {
        long type = file.metadata().getLong("general.file_type", -1);
        String level =
            Arrays.stream(QuantizationRecipe.values())
                .filter(recipe -> recipe.fileType() == type)
                .map(Enum::name)
                .findFirst()
                .orElse("-");
        return new Description(level, file.metadata().getString("general.architecture", "-"));
      } catch (UnsupportedModelException e) {
        return new Description("unsupported", "-");
      } catch (IOException e) {
        return new Description("unreadable", "-");
      }
    }
  }

  @Override
  public Integer call() throws IOException {
    ModelFolder folder = ModelFolder.ofEnvironment(environment);
    List<StoredModel> models = folder.list();
    if (common.verbose || (models.isEmpty() && !json)) {
      streams
          .err()
          .println(
              models.isEmpty()
                  ? "no models in "
                      + folder.root()
                      + " yet: get one with \"ggml4j pull hf:OWNER/REPOSITORY\""
                  : "in " + folder.root());
    }
    if (json) {
      try (Json lines = new Json(streams.out())) {
        for (StoredModel model : models) {
          writeJson(model, lines);
        }
      }
    } else if (!models.isEmpty()) {
      Table table = new Table(4).right(1);
      table.row("name", "size", "level", "architecture");
      for (StoredModel model : models) {
        Description d = Description.of(model);
        table.row(model.name(), Figures.bytes(model.size()), d.level, d.architecture);
      }
      table.print(streams.out(), "");
    }
    return 0;
  }

  private static void writeJson(StoredModel model, Json lines) throws IOException {
    Description d = Description.of(model);
    lines.line(
        o -> {
          o.writeStringField("name", model.name());
          o.writeNumberField("bytes", model.size());
          o.writeStringField("level", d.level);
          o.writeStringField("architecture", d.architecture);
          o.writeBooleanField("complete", model.complete());
          o.writeBooleanField("checked", model.checked());
          o.writeArrayFieldStart("files");
          for (Path file : model.files()) {
            o.writeString(file.toString());
          }
          o.writeEndArray();
        });
  }
}
