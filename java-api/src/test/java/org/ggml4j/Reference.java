package org.ggml4j;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * llama.cpp as a command, for recording what it says: {@code -Dreference=COMMAND}, called as {@code
 * COMMAND MODEL TOKENS OUT}, writes the logits of comma-separated tokens, evaluated in one batch
 * with a cache in F32, flash attention and repacked weights off, as F32 little-endian [n][nVocab].
 */
final class Reference {
  private Reference() {}

  static boolean isThere() {
    return System.getProperty("reference") != null;
  }

  /** Has the logits of tokens written to a file. */
  static void write(Path model, int[] tokens, Path out) throws IOException {
    write(model, tokens, out, List.of());
  }

  /** Has the last hidden states of tokens written to a file: [n][nEmbd]. */
  static void writeEmbeddings(Path model, int[] tokens, Path out) throws IOException {
    write(model, tokens, out, List.of("embd"));
  }

  private static void write(Path model, int[] tokens, Path out, List<String> more)
      throws IOException {
    String command = System.getProperty("reference");
    if (command == null) {
      throw new IOException("state llama.cpp's command with -Dreference=COMMAND");
    }
    List<String> words = new ArrayList<>(Arrays.asList(command.trim().split("\\s+")));
    words.add(model.toString());
    words.add(Arrays.stream(tokens).mapToObj(Integer::toString).collect(Collectors.joining(",")));
    words.add(out.toString());
    words.addAll(more);
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes()).trim();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(model.getFileName() + ": " + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Rows of {@code nVocab} values. */
  static float[][] read(byte[] bytes, int nVocab) {
    FloatBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[][] rows = new float[values.remaining() / nVocab][nVocab];
    for (float[] row : rows) {
      values.get(row);
    }
    return rows;
  }

  /** The logits of tokens, from a file if there is one, else recorded in it. */
  static float[][] logits(Path model, int[] tokens, int nVocab, Path file) throws IOException {
    if (!Files.exists(file)) {
      write(model, tokens, file);
    }
    return read(Files.readAllBytes(file), nVocab);
  }
}
