package org.ggml4j;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Toy models with a tokenizer: a few words, and a token for every byte. */
final class WordModel {
  static final int BOS = 1;
  static final int EOS = 2;
  private static final int FIRST_BYTE = 3;
  private static final int FIRST_WORD = FIRST_BYTE + 256;

  private static final List<String> WORDS =
      List.of(
          "\u2581the",
          "\u2581fox",
          "\u2581ran",
          "\u2581home",
          "en",
          "d",
          ".",
          "\u2581",
          "\u2581th",
          "\u2581t",
          "\u2581fo",
          "\u2581f",
          "\u2581ra",
          "\u2581r"); // the steps to the words

  private WordModel() {}

  /** The parts of a model of this shape, with the words for a vocabulary. */
  static TinyGguf.Content content(TinyGguf shape) {
    return content(shape, List.of());
  }

  /**
   * @param controls texts of control tokens, which get the ids behind all others
   */
  static TinyGguf.Content content(TinyGguf shape, List<String> controls) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(6);
    }
    tokens.addAll(WORDS);
    WORDS.forEach(w -> types.add(1));
    tokens.addAll(controls);
    controls.forEach(c -> types.add(3));
    float[] scores = new float[tokens.size()];
    for (int i = FIRST_WORD; i < scores.length; i++) {
      scores[i] = -i;
    }
    TinyGguf.Content content = shape.content(tokens.size());
    content.metadata.put("tokenizer.ggml.model", "llama");
    content.metadata.put("tokenizer.ggml.tokens", tokens);
    content.metadata.put("tokenizer.ggml.token_type", types);
    content.metadata.put("tokenizer.ggml.scores", scores);
    content.metadata.put("tokenizer.ggml.bos_token_id", BOS);
    content.metadata.put("tokenizer.ggml.eos_token_id", EOS);
    return content;
  }

  /** Writes such a model and returns its path. */
  static Path write(TinyGguf shape, Path folder) throws IOException {
    Path path = folder.resolve("words-" + Integer.toHexString(shape.hashCode()) + ".gguf");
    content(shape).write(path);
    return path;
  }

  /** The id of a word, with a space for the mark of a word's begin. */
  static int word(String text) {
    return FIRST_WORD + WORDS.indexOf(text.replace(' ', '\u2581'));
  }

  /** The id of the first token behind the words. */
  static int firstControl() {
    return FIRST_WORD + WORDS.size();
  }

  /** The tokens of a text's bytes. */
  static int[] bytes(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[utf8.length];
    Arrays.setAll(tokens, i -> FIRST_BYTE + (utf8[i] & 0xff));
    return tokens;
  }

  /** Any tokens of bytes, which depend on the seed. */
  static int[] text(int n, int seed) {
    int[] tokens = new int[n];
    Arrays.setAll(tokens, i -> FIRST_BYTE + Math.floorMod(i * (i + seed) * 7 + i * 31 + seed, 256));
    return tokens;
  }
}
