package org.ggml4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.ggml4j.quantize.ImportanceMatrix;

/**
 * The models and the text that importance matrices are collected from, and their recording by
 * llama-imatrix:
 *
 * <pre>ImportanceTexts FOLDER COMMAND...</pre>
 *
 * <p>FOLDER is {@code java-api/src/test/resources/imatrix}, COMMAND what starts llama-imatrix.
 */
public final class ImportanceTexts {
  static final List<String> ROWS = List.of("llama", "qwen3moe", "deepseek2");
  static final int CHUNK = 64;
  static final String DATASET = "letters";
  private static final int TOKENS = 4 * CHUNK + 10;
  private static final int LETTERS = 'z' - 'd' + 1;

  private ImportanceTexts() {}

  /** Letters that are tokens of the models. */
  static String text() {
    SplittableRandom random = new SplittableRandom(3);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < TOKENS; i++) {
      text.append(i == 0 ? "" : " ").append((char) ('d' + random.nextInt(LETTERS)));
    }
    return text.toString();
  }

  /** See the class. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path folder = Path.of(args[0]).toAbsolutePath();
    Files.createDirectories(folder);
    Path temporary = Files.createTempDirectory("imatrix");
    Path text = temporary.resolve("text.txt");
    Files.writeString(text, text());
    for (String row : ROWS) {
      Path model;
      try (Model loaded = TinyWords.load(temporary, Toys.byName(row))) {
        model = temporary.resolve("words-" + loaded.hparams().nVocab() + ".gguf");
      }
      Path out = temporary.resolve(row + ".gguf");
      List<String> command = new ArrayList<>(List.of(args).subList(1, args.length));
      command.addAll(List.of("-m", model.toString(), "-f", text.toString(), "-o", out.toString()));
      String size = Integer.toString(CHUNK);
      command.addAll(List.of("-c", size, "-b", size, "-ub", size, "-t", "1", "--process-output"));
      int code = new ProcessBuilder(command).inheritIO().start().waitFor();
      if (code != 0) {
        throw new IOException(command + " ended with " + code);
      }
      // Through our own reader and writer, as the recorded file has the name of a folder in it.
      ImportanceMatrix.read(out)
          .withDatasets(List.of(DATASET))
          .write(folder.resolve(row + ".gguf"));
    }
  }
}
