package org.ggml4j;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.ggml4j.nn.Pooling;

/**
 * Compares encoders with llama.cpp and prints a table:
 *
 * <pre>EncoderTable SEED [REGEX]</pre>
 *
 * <p>For each row of {@link EncoderToys} whose name matches, with the values that SEED gives its
 * tensors: the NMSE of the last hidden states of 96 tokens against llama.cpp's, which {@link
 * Reference} says how to call, with attention in separate operations and as one.
 */
public final class EncoderTable {
  private static final int N = 96;

  private EncoderTable() {}

  /** See the class. */
  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    if (args.length < 1 || args.length > 2) {
      out.println("usage: EncoderTable SEED [REGEX]");
      return;
    }
    Pattern names = Pattern.compile(args.length > 1 ? args[1] : ".*");
    List<Toy> toys =
        EncoderToys.all(args[0] + "/").stream()
            .filter(t -> names.matcher(t.name()).matches())
            .toList();
    Path folder = Files.createTempDirectory("encoders");
    out.println("| model | architecture | NMSE | flash |");
    out.println("|---|---|---|---|");
    int good = 0;
    for (Toy toy : toys) {
      Path model = toy.write(folder);
      Path to = folder.resolve("reference.f32");
      int[] tokens = Logit.tokens(N, toy.nVocab());
      Reference.writeEmbeddings(model, tokens, to);
      double plain = nmse(model, tokens, to, false);
      double flash = nmse(model, tokens, to, true);
      out.printf(
          Locale.ROOT, "| %s | %s | %.1e | %.0e |%n", toy.name(), toy.architecture(), plain, flash);
      good += plain <= 1e-6 ? 1 : 0;
      Files.delete(model);
      Files.delete(to);
    }
    Files.delete(folder);
    out.println(good + " of " + toys.size() + " equal llama.cpp");
  }

  private static double nmse(Path file, int[] tokens, Path reference, boolean flash)
      throws IOException {
    EmbeddingOptions options =
        EmbeddingOptions.defaults()
            .withPooling(Pooling.NONE)
            .withNormalize(-1)
            .withThreads(1)
            .withFlashAttn(flash);
    try (Model model = Model.load(file, ModelOptions.defaults().withRepack(false));
        Embedder embedder = model.newEmbedder(options)) {
      float[][] rows = embedder.tokenVectors(tokens);
      return Logit.nmse(rows, Reference.read(Files.readAllBytes(reference), rows[0].length));
    }
  }
}
