package org.ggml4j.quantize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.TensorInfo;

/**
 * Run by hand: quantizes a file at many levels with this library and with a reference command, and
 * compares the tensors byte for byte.
 *
 * <p>Arguments: model, working folder, importance matrix or {@code -}, levels separated by commas
 * or {@code all}, then the reference command, such as {@code llama-quantize}.
 */
public final class CompareWithReference {
  private CompareWithReference() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Path model = Path.of(args[0]);
    Path folder = Files.createDirectories(Path.of(args[1]));
    boolean plain = args[2].equals("-");
    Optional<ImportanceMatrix> importance =
        plain ? Optional.empty() : Optional.of(ImportanceMatrix.read(Path.of(args[2])));
    List<QuantizationRecipe> recipes =
        args[3].equals("all")
            ? Arrays.asList(QuantizationRecipe.values())
            : Arrays.stream(args[3].split(",")).map(QuantizationRecipe::byName).toList();
    List<String> command = Arrays.asList(args).subList(4, args.length);
    for (QuantizationRecipe recipe : recipes) {
      Path ours = folder.resolve("ours-" + recipe + ".gguf");
      Path theirs = folder.resolve("theirs-" + recipe + ".gguf");
      long begin = System.nanoTime();
      String refusal = "";
      try (GgufFile file = GgufFile.open(model)) {
        Quantizer.of(file, QuantizationOptions.of(recipe), importance)
            .write(ours, (t, done, total) -> true);
      } catch (IllegalArgumentException e) {
        refusal = e.getMessage();
      }
      double seconds = (System.nanoTime() - begin) * 1e-9;
      List<String> call = new ArrayList<>(command);
      if (!plain) {
        call.addAll(List.of("--imatrix", args[2]));
      }
      call.addAll(List.of(model.toString(), theirs.toString(), recipe.name()));
      begin = System.nanoTime();
      Process p =
          new ProcessBuilder(call)
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log-" + recipe).toFile())
              .start();
      int code = p.waitFor();
      double reference = (System.nanoTime() - begin) * 1e-9;
      String verdict =
          code != 0 || !refusal.isEmpty()
              ? "ours: " + (refusal.isEmpty() ? "done" : refusal) + "; reference's exit: " + code
              : compare(ours, theirs);
      System.out.printf("%-10s %6.2f s / %6.2f s  %s%n", recipe, seconds, reference, verdict);
      Files.deleteIfExists(ours);
      Files.deleteIfExists(theirs);
    }
  }

  private static String compare(Path ours, Path theirs) throws IOException {
    try (GgufFile a = GgufFile.open(ours);
        GgufFile b = GgufFile.open(theirs)) {
      int same = 0;
      List<String> different = new ArrayList<>();
      for (TensorInfo t : a.tensors()) {
        TensorInfo u = b.tensor(t.name()).orElseThrow();
        boolean equal = t.type() == u.type() && a.data(t).mismatch(b.data(u)) == -1;
        same += equal ? 1 : 0;
        if (!equal) {
          different.add(t + " against " + u.type());
        }
      }
      boolean all = different.isEmpty() && b.tensors().size() == same;
      return (all ? "equal " : "DIFFERENT ") + same + " of " + b.tensors().size() + " " + different;
    }
  }
}
