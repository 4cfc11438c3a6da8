package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;

/** Small vocabularies for tests. */
final class Vocabularies {
  static final String TEXT =
      """
      Once upon a time there was a small fox who lived in the old wood. The fox didn't like
      the rain, and it wasn't fond of the wind; but she'd go out, and they'd say: "We're off!"
      Um Mitternacht hörte er 12345 Glocken läuten. Il était une fois un renard très rusé.
      日本語の文章 и немного по-русски, 한국어도 조금. 🦊🦊 x² = 4, ½ + ½ = 1.
          def fox(a, b):
              return a + b  # the fox


      Once upon a time, once more, and once again.
      """;

  private Vocabularies() {}

  /** A byte-level vocabulary with the special tokens that chat models have. */
  static TrainedVocabulary trained(String pre) {
    BpeTrainerOptions options =
        BpeTrainerOptions.of(420)
            .withPreTokenizer(pre)
            .withSpecialTokens(
                List.of("<|begin|>", "<|im_start|>", "<|im_end|>"),
                Optional.of("<|begin|>"),
                Optional.of("<|im_end|>"),
                true);
    return BpeTrainer.of(options).add(TEXT).train();
  }

  /** Metadata of a SentencePiece vocabulary: unk, bos, eos, all bytes, then these tokens. */
  static Map<String, Object> sentencePiece(Map<String, Float> scored) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(6);
      scores.add(0f);
    }
    scored.forEach(
        (text, score) -> {
          tokens.add(text);
          types.add(1);
          scores.add(score);
        });
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("tokenizer.ggml.model", "llama");
    map.put("tokenizer.ggml.tokens", tokens);
    map.put("tokenizer.ggml.token_type", types);
    map.put("tokenizer.ggml.scores", scores);
    return map;
  }

  /** Metadata of a byte-level vocabulary: all bytes, then these tokens with their types. */
  static Map<String, Object> bytePair(List<String> merges, Map<String, TokenType> more) {
    List<String> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(String.valueOf(ByteLevel.charOf(b)));
      types.add(TokenType.NORMAL.code());
    }
    for (String merge : merges) {
      tokens.add(merge.replace(" ", ""));
      types.add(TokenType.NORMAL.code());
    }
    more.forEach(
        (text, type) -> {
          tokens.add(text);
          types.add(type.code());
        });
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("tokenizer.ggml.model", "gpt2");
    map.put("tokenizer.ggml.pre", "gpt-2");
    map.put("tokenizer.ggml.tokens", tokens);
    map.put("tokenizer.ggml.token_type", types);
    map.put("tokenizer.ggml.merges", merges);
    return map;
  }

  static Tokenizer of(Map<String, Object> metadata) throws GgufFormatException {
    return Tokenizer.of(GgufMetadata.of(metadata));
  }

  /** Texts of the tokens of a text, as the vocabulary stores them. */
  static List<String> texts(Tokenizer tokenizer, String text, EncodeOptions options) {
    List<String> out = new ArrayList<>();
    for (int id : tokenizer.encode(text, options)) {
      out.add(tokenizer.vocab().text(id));
    }
    return out;
  }
}
