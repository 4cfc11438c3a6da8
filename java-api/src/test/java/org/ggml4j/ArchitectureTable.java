package org.ggml4j;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;

/**
 * Compares a folder of models with llama.cpp and prints a table:
 *
 * <pre>ArchitectureTable FOLDER [REGEX]</pre>
 *
 * <p>For each GGUF file whose name matches: the NMSE of the logits of 96 tokens against llama.cpp's
 * with a cache in F32, in one batch, one by one, with flash attention, and with a cache in Q8_0;
 * and how many of 64 tokens of a greedy continuation are llama.cpp's. Its logits are recorded
 * beside the model as NAME.f32, by the command that {@link Reference} describes; a file that is
 * there is used as it is.
 */
public final class ArchitectureTable {
  private static final int N = 96;
  private static final int PROMPT = 16;
  private static final int CONTINUED = 64;
  private static final SessionOptions FLASH =
      Logit.EXACT.withFlashAttn(true).withKvType(GgmlType.F16);

  private ArchitectureTable() {}

  /** See the class. */
  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    if (args.length < 1 || args.length > 2) {
      out.println("usage: ArchitectureTable FOLDER [REGEX]");
      return;
    }
    Pattern names = Pattern.compile(args.length > 1 ? args[1] : ".*");
    List<Path> files;
    try (Stream<Path> all = Files.list(Path.of(args[0]).toAbsolutePath())) {
      files =
          all.filter(f -> f.toString().endsWith(".gguf"))
              .filter(f -> names.matcher(stem(f)).matches())
              .sorted()
              .toList();
    }
    out.println("| model | architecture | batch | one by one | flash | Q8_0 cache | greedy |");
    out.println("|---|---|---|---|---|---|---|");
    int good = 0;
    for (Path file : files) {
      Row row = row(file);
      out.println("| " + stem(file) + " | " + architecture(file) + " | " + row.text + " |");
      good += row.good ? 1 : 0;
    }
    out.println(good + " of " + files.size() + " equal llama.cpp");
  }

  private record Row(String text, boolean good) {}

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.length() - ".gguf".length());
  }

  private static String architecture(Path file) throws IOException {
    try (GgufFile gguf = GgufFile.open(file)) {
      return gguf.metadata().getString("general.architecture");
    }
  }

  private static Row row(Path file) {
    try (Model model = Model.load(file, ModelOptions.defaults().withRepack(false))) {
      int nVocab = model.hparams().nVocab();
      int[] tokens = Logit.tokens(N, nVocab);
      Path recorded = file.resolveSibling(stem(file) + ".f32");
      float[][] expected = Reference.logits(file, tokens, nVocab, recorded);
      double batch = Logit.nmse(Logit.alone(model, Logit.EXACT, tokens), expected);
      double single = Logit.nmse(single(model, Logit.EXACT, tokens), expected);
      String flash = nmse(model, FLASH, tokens, expected);
      String q8 = nmse(model, FLASH.withKvType(GgmlType.Q8_0), tokens, expected);
      int equal = greedy(model, file, nVocab);
      String text =
          String.format(
              Locale.ROOT,
              "%.1e | %.1e | %s | %s | %d/%d",
              batch,
              single,
              flash,
              q8,
              equal,
              CONTINUED);
      return new Row(text, batch <= 1e-6 && single <= 1e-6 && equal == CONTINUED);
    } catch (IOException | RuntimeException e) {
      String message = String.valueOf(e.getMessage()).lines().limit(4).toList().toString();
      return new Row(
          e.getClass().getSimpleName()
              + ": "
              + message.substring(0, Math.min(300, message.length())),
          false);
    }
  }

  private static String nmse(
      Model model, SessionOptions options, int[] tokens, float[][] expected) {
    try {
      return String.format(
          Locale.ROOT, "%.0e", Logit.nmse(Logit.alone(model, options, tokens), expected));
    } catch (IllegalArgumentException e) {
      return "-"; // heads that blocks of this type don't fit
    }
  }

  private static float[][] single(Model model, SessionOptions options, int... tokens) {
    try (Session session = model.newSession(options)) {
      return Logit.single(session, 0, tokens);
    }
  }

  /**
   * Continues a prompt with the most likely tokens and asks llama.cpp, at each place, which token
   * it finds the most likely: the first difference is where its own continuation would differ.
   */
  private static int greedy(Model model, Path file, int nVocab) throws IOException {
    int[] tokens = Arrays.copyOf(Logit.tokens(PROMPT, nVocab), PROMPT + CONTINUED);
    try (Session session = model.newSession(Logit.EXACT)) {
      float[][] rows = Logit.batch(session, 0, Arrays.copyOf(tokens, PROMPT));
      for (int i = PROMPT; i < tokens.length; i++) {
        tokens[i] = largest(rows[rows.length - 1]);
        rows = Logit.batch(session, 0, tokens[i]);
      }
    }
    Path answer = Files.createTempFile("greedy", ".f32");
    try {
      Reference.write(file, tokens, answer);
      float[][] rows = Reference.read(Files.readAllBytes(answer), nVocab);
      int equal = 0;
      while (equal < CONTINUED && largest(rows[PROMPT + equal - 1]) == tokens[PROMPT + equal]) {
        equal++;
      }
      return equal;
    } finally {
      Files.delete(answer);
    }
  }

  private static int largest(float... row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      if (row[i] > row[best]) {
        best = i;
      }
    }
    return best;
  }
}
