package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.tokenizer.Tokenizer;

/** A token for each byte, one that ends a text, and marks whose text is hidden. */
final class ToyVocabulary {
  private static final int FIRST_BYTE = 3;

  private ToyVocabulary() {}

  static Tokenizer bytes() throws GgufFormatException {
    return withMarks(List.of());
  }

  static int byteToken(int b) {
    return FIRST_BYTE + (b & 0xFF);
  }

  static Tokenizer withMarks(List<String> marks) throws GgufFormatException {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(6);
      scores.add(0f);
    }
    for (String mark : marks) {
      tokens.add(mark);
      types.add(3);
      scores.add(0f);
    }
    return Tokenizer.of(
        GgufMetadata.of(
            Map.of(
                "tokenizer.ggml.model",
                "llama",
                "tokenizer.ggml.tokens",
                tokens,
                "tokenizer.ggml.token_type",
                types,
                "tokenizer.ggml.scores",
                scores,
                "tokenizer.ggml.bos_token_id",
                1,
                "tokenizer.ggml.eos_token_id",
                2)));
  }
}
