package org.ggml4j.quantize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.gguf.GgufFile;

/**
 * Run by hand: writes the digests that {@link QuantizerTest} expects, by a reference command.
 *
 * <p>Arguments: file to write, working folder, then the command, such as {@code llama-quantize}.
 */
public final class RecordDigests {
  private RecordDigests() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Path folder = Files.createDirectories(Path.of(args[1]));
    List<String> lines = new ArrayList<>();
    for (ToyModels.Shape shape : ToyModels.SHAPES) {
      Path model = folder.resolve(shape.name() + ".gguf");
      Path importance = folder.resolve(shape.name() + "-imatrix.gguf");
      ToyModels.write(shape, model);
      ToyModels.writeImportance(model, importance);
      for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
        for (boolean with : new boolean[] {false, true}) {
          List<String> call = new ArrayList<>(Arrays.asList(args).subList(2, args.length));
          if (with) {
            call.addAll(List.of("--imatrix", importance.toString()));
          }
          Path out = folder.resolve("out.gguf");
          call.addAll(List.of(model.toString(), out.toString(), recipe.name(), "1"));
          Process p =
              new ProcessBuilder(call)
                  .redirectErrorStream(true)
                  .redirectOutput(folder.resolve("log").toFile())
                  .start();
          String result = "refused";
          if (p.waitFor() == 0) {
            try (GgufFile file = GgufFile.open(out)) {
              result = ToyModels.digest(file);
            }
          }
          lines.add(
              shape.name() + " " + recipe + " " + (with ? "imatrix" : "plain") + " " + result);
          System.out.println(lines.get(lines.size() - 1));
        }
      }
    }
    Files.write(Path.of(args[0]), lines);
  }
}
