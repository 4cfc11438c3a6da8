package org.ggml4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A toy model with a vocabulary of a few words: {@code <unk>}, begin, end, then the words. */
final class TinyWords {
  static final int BOS = 1;
  static final int EOS = 2;
  static final int FIRST_WORD = 3;

  private TinyWords() {}

  /** Writes the file and loads it; a word may begin with a space. */
  static Model load(Path folder, TinyGguf shape, List<String> words) throws IOException {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    for (String word : words) {
      tokens.add(word.replace(' ', '\u2581'));
      types.add(1);
    }
    return load(folder, shape.content(tokens.size()), tokens, types);
  }

  /** As many words as the model has tokens: letters with a space. */
  static Model load(Path folder, Toy toy) throws IOException {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    for (int i = FIRST_WORD; i < toy.nVocab(); i++) {
      tokens.add("\u2581" + (char) ('a' + i));
      types.add(1);
    }
    return load(folder, toy.content(), tokens, types);
  }

  private static Model load(
      Path folder, TinyGguf.Content content, List<String> tokens, List<Integer> types)
      throws IOException {
    float[] scores = new float[tokens.size()];
    for (int i = FIRST_WORD; i < scores.length; i++) {
      scores[i] = -i;
    }
    content.metadata.put("tokenizer.ggml.model", "llama");
    content.metadata.put("tokenizer.ggml.tokens", tokens);
    content.metadata.put("tokenizer.ggml.token_type", types);
    content.metadata.put("tokenizer.ggml.scores", scores);
    content.metadata.put("tokenizer.ggml.bos_token_id", BOS);
    content.metadata.put("tokenizer.ggml.eos_token_id", EOS);
    Path path = folder.resolve("words-" + tokens.size() + ".gguf");
    content.write(path);
    return Model.load(path);
  }
}
